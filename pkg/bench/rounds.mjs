/**
 * Interleaved rounds: every case is measured once in each round, in turning order, and its median counts.
 *
 * A machine that is busy for a while then disturbs all cases alike, and ratios between them hold although the
 * absolute figures wobble.
 */

/** A case: `call` is what is measured, awaited one after the other; `name` and `peer` say what and whose. */
export async function interleaved(cases, { rounds, calls, unit = "ns" }) {
  const measured = cases.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (let turn = 0; turn < cases.length; turn += 1) {
      const index = (turn + Math.max(0, round)) % cases.length;
      const one = await timed(cases[index], round < 0 ? Math.ceil(calls / 4) : calls);
      // Before the first round every case ran once, to be compiled.
      if (round >= 0) measured[index].push(one);
    }
  }
  return cases.map(({ name, peer }, index) => ({ name, peer, value: median(measured[index]) * SCALE[unit], unit }));
}

/** Milliseconds into the unit of a row. */
const SCALE = { ns: 1e6, µs: 1e3, ms: 1 };

async function timed({ call, calls: own }, given) {
  const calls = own === undefined ? given : Math.min(own, given);
  const start = performance.now();
  for (let index = 0; index < calls; index += 1) await call(index);
  return (performance.now() - start) / calls;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
