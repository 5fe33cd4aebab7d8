/**
 * What every application here does with the guard: a read, an outage until the circuit opens, a refused call,
 * reads through supabase-js, and the parts that load when first used. What comes of it is plain data.
 */

/** `createClient` makes a guarded supabase-js client; it is left out where supabase-js is not installed. */
export async function exercise({ createGuard, createClient }, backend, options = {}) {
  const selected = createClient ? await select(createClient()) : undefined;

  const guard = createGuard({ ...options, breaker: { failureThreshold: 2 }, retry: { attempts: 1 } });
  const transitions = [];
  guard.on("transition", ({ breaker, from, to }) => transitions.push(`${breaker}: ${from} to ${to}`));
  const read = await (await guard.fetch(`${backend}/rest/v1/rows?select=id`)).json();
  const outage = [];
  for (let turn = 0; turn < 3; turn += 1) outage.push(await outcome(guard.fetch(`${backend}/rest/v1/broken`)));
  const parts = await outcome(guard.stored());
  const { storage } = guard.snapshot();
  guard.close();

  return { selected, read, outage, transitions, parts, storage };
}

async function select(supabase) {
  const { data, error, status } = await supabase.from("rows").select("id").eq("id", 1);
  const breaker = supabase.guard.breakers.get("rest");
  breaker.forceOpen();
  const { error: refusal } = await supabase.from("rows").select("id");
  // A later guard of this page would begin with what this one remembers.
  breaker.reset();
  supabase.guard.close();
  return { data, error, status, refusal: refusal?.code };
}

async function outcome(promise) {
  try {
    const value = await promise;
    return value instanceof Response ? value.status : "loaded";
  } catch (error) {
    return error.code ?? String(error);
  }
}

/** Tells the backend, and with it the test, what came of it. */
export async function report(backend, work) {
  let body;
  try {
    body = { result: await work() };
  } catch (error) {
    body = { fault: `${error}\n${error?.stack ?? ""}` };
  }
  await fetch(`${backend}/report`, { method: "POST", body: JSON.stringify(body) });
}
