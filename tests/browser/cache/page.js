/* What the page of gateway.ts can be asked to do. Plain JavaScript: it is served as it is, to every browser. */

import { createGuard, protect } from "/package/guard.js";

const DATABASE = "seawall-cache-1";
const ROOMY = { reads: { limit: 10_000 }, writes: { limit: 10_000 }, rpc: { limit: 10_000 }, auth: { limit: 1_000 } };

let guard;
let last;
const told = [];
const clients = new Map();

async function start(options, online) {
  const { anonKey } = await (await fetch("/dev/config")).json();
  const world = online === false ? { online: () => false } : {};
  guard = createGuard({ cache: true, retry: { attempts: 1 }, limits: ROOMY, breaker: { resetTimeout: 60_000 }, ...options }, world);
  guard.on("cache", (event) => (last = event));
  guard.on("cache", (event) => told.push(event));
  guard.on("storage", (event) => told.push(event));
  for (const who of ["owner", "guest"]) {
    const auth = { storageKey: who, autoRefreshToken: false };
    clients.set(who, protect(supabase.createClient(location.origin, anonKey, { auth }), guard));
  }
}

async function read(who, table = "rooms", select = "*") {
  last = undefined;
  const since = performance.now();
  const { data, error } = await clients.get(who).from(table).select(select).order("id");
  return { rows: data, code: error?.code, state: last?.result, reason: last?.reason, took: performance.now() - since };
}

async function write(who, method, values, id) {
  const table = clients.get(who).from("messages");
  const { error } = method === "insert" ? await table.insert(values) : await table.delete().eq("id", id);
  return error?.code ?? error?.message;
}

/** Everything that is on disk, as text. */
function stored() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const names = [...database.objectStoreNames];
      if (names.length === 0) return resolve({ answers: 0, index: 0, text: "" });
      const found = { text: "" };
      const transaction = database.transaction(names);
      for (const name of names) {
        const asking = transaction.objectStore(name).getAll();
        asking.onsuccess = () => {
          found[name] = asking.result.length;
          for (const { body, ...rest } of asking.result) {
            found.text += JSON.stringify(rest) + (body ? new TextDecoder().decode(body) : "");
          }
        };
      }
      transaction.oncomplete = () => {
        database.close();
        resolve(found);
      };
    };
  });
}

/** Leaves what another version, or an accident, may leave under the database's name. */
function spoil(version, stores) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, version);
    opening.onupgradeneeded = () => stores.forEach((name) => opening.result.createObjectStore(name));
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      opening.result.close();
      resolve();
    };
  });
}

/** Writes into an entry's record what must not be believed. */
function damage() {
  return new Promise((resolve) => {
    const opening = indexedDB.open(DATABASE);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("answers", "readwrite");
      const store = transaction.objectStore("answers");
      const asking = store.getAll();
      asking.onsuccess = () => asking.result.forEach((entry) => store.put({ ...entry, status: "200", body: "text" }));
      transaction.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}

async function signIn(who, { email, password }) {
  return (await clients.get(who).auth.signInWithPassword({ email, password })).error?.message;
}

function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const READS = [
  ["messages", "id,body,author_id"],
  ["rooms", "id,name,messages(id,body,author_id)"],
  ["profiles", "id,display_name,messages(id,body,author_id)"],
];

/**
 * Two users read, write, throw away and sign out in any order, several at a time. Every answer is held against what
 * is known to be true: nothing written after the answer may be missing in it, and nobody sees a foreign room.
 */
async function property({ seed, steps, rooms, people }) {
  const draw = random(seed);
  const wrong = [];
  const written = new Map();
  const counts = { reads: 0, writes: 0, fresh: 0, signOuts: 0, failed: 0 };
  guard.on("cache", ({ result }) => (counts.fresh += result === "fresh" ? 1 : 0));
  const users = ["owner", "guest"];
  const gone = new Set();
  const visible = (row, who) => who === "owner" || row.room === rooms.shared;

  async function readOne(who) {
    const [table, select] = READS[draw(READS.length)];
    const before = [...written.values()].map((row) => ({ ...row }));
    const { data, error } = await clients.get(who).from(table).select(select);
    if (error) return void (counts.failed += 1);
    counts.reads += 1;
    const messages = table === "messages" ? data : data.flatMap((row) => row.messages);
    const seen = new Set(messages.map(({ id }) => id));
    for (const row of before) {
      if (gone.has(who)) break;
      const now = written.get(row.id);
      if (row.state === "there" && now.state === "there" && visible(row, who) && !seen.has(row.id)) {
        wrong.push(`${who} misses ${row.id} in ${table}, written before it asked`);
      }
      if (row.state === "removed" && seen.has(row.id)) wrong.push(`${who} sees ${row.id} in ${table}, removed before it asked`);
    }
    for (const id of seen) {
      const row = written.get(id);
      if (row && !visible(row, who)) wrong.push(`${who} sees ${id} of a foreign room in ${table}`);
    }
  }

  async function writeOne(who) {
    const own = [...written.values()].filter((row) => row.who === who && row.state === "there");
    counts.writes += 1;
    if (own.length > 0 && draw(3) === 0) {
      const row = own[draw(own.length)];
      row.state = "going";
      const { error } = await clients.get(who).from("messages").delete().eq("id", row.id);
      if (!error) row.state = "removed";
      return;
    }
    const room = who === "owner" && draw(2) === 0 ? rooms.foreign : rooms.shared;
    const row = { id: crypto.randomUUID(), who, room, state: "coming" };
    written.set(row.id, row);
    const { error } = await clients.get(who).from("messages").insert({ id: row.id, room_id: room, body: `${seed}` });
    if (error) written.delete(row.id);
    else row.state = "there";
  }

  async function signOutAndIn(who) {
    if (gone.has(who)) return;
    gone.add(who);
    counts.signOuts += 1;
    await clients.get(who).auth.signOut({ scope: "local" });
    const refused = await signIn(who, people[who]);
    if (refused) wrong.push(`${who} cannot sign in again: ${refused}`);
    gone.delete(who);
  }

  const under = new Set();
  for (let step = 0; step < steps; step += 1) {
    const who = users[draw(2)];
    const dice = draw(100);
    let work;
    if (dice < 70) work = readOne(who);
    else if (dice < 90) work = gone.has(who) ? Promise.resolve() : writeOne(who);
    else if (dice < 97) work = guard.cache.invalidate([{ table: "messages" }, { pattern: "*profiles*" }, { tag: "none" }][draw(3)]);
    else work = signOutAndIn(who);
    const one = work.then(() => under.delete(one));
    under.add(one);
    if (under.size >= 4) await Promise.race(under);
  }
  await Promise.all(under);
  return { wrong, counts };
}

/** A guard in front of a server that answers at once: what is measured is the cache. */
function alone() {
  const fetch = async (url) => {
    const rows = [{ id: new URL(url).searchParams.get("id"), body: "as long as messages are", at: new Date(0) }];
    return new Response(JSON.stringify(rows), { headers: { "content-type": "application/json" } });
  };
  const cache = { ttl: 3_600_000, maxEntries: 10_000, memoryEntries: 100 };
  const one = createGuard({ cache, limits: ROOMY }, { fetch });
  const ask = async (index, init) => (await one.fetch(`https://project.example/rest/v1/t?id=eq.${index}`, init)).json();
  return { one, ask };
}

/** Stores so many answers, and tells how many there are: those for which the disk was too slow are not. */
async function fill(entries) {
  const { one, ask } = alone();
  for (let index = 0; index < entries; index += 1) await ask(index);
  for (let turn = 0; turn < 40 && (await one.cache.entries()).length < 0.99 * entries; turn += 1) await pause(250);
  const { length } = await one.cache.entries();
  one.close();
  return length;
}

/** For how long each of so many writes kept the page from doing anything else: the longest gap between messages. */
async function blocks(rounds) {
  const { one, ask } = alone();
  await ask(0);
  const longest = [];
  for (let round = 0; round < rounds; round += 1) {
    const { port1, port2 } = new MessageChannel();
    let [last, worst, running] = [performance.now(), 0, true];
    port1.onmessage = () => {
      worst = Math.max(worst, performance.now() - last);
      last = performance.now();
      if (running) port2.postMessage(0);
    };
    port2.postMessage(0);
    await ask(round, { seawall: { cache: "reload" } });
    await pause(15);
    running = false;
    port1.close();
    longest.push(worst);
  }
  one.close();
  return longest;
}

function pause(millis) {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

Object.assign(window, {
  harness: {
    start,
    read,
    write,
    stored,
    spoil,
    damage,
    property,
    fill,
    blocks,
    events: () => told,
    snapshot: () => guard.snapshot(),
    entries: () => guard.cache.entries(),
    invalidate: (target) => guard.cache.invalidate(target),
    clear: () => guard.cache.clear(),
    open: () => guard.breakers.get("rest")?.forceOpen(),
    signOut: async (who) => (await clients.get(who).auth.signOut({ scope: "local" })).error?.message,
    signIn,
    token: async (who) => (await clients.get(who).auth.getSession()).data.session?.access_token,
  },
});
