/** What the figures have to show, and whether they do. */

/** Each: what it is called, what it asks for, and the figure that decides, from the rows of the run. */
const TARGETS = [
  {
    id: "T7",
    asks: "breaker, limiter and deadline cost at most 1,000 ns a call",
    figure: (rows) => ({ value: one(rows, "node", "a call that does nothing", "seawall"), limit: 1_000, unit: "ns" }),
  },
  {
    id: "P1",
    asks: "a guarded call costs at most a tenth of cockatiel's retry, breaker and timeout",
    figure: (rows) => ({
      value: one(rows, "node", "a call that does nothing", "seawall") / one(rows, "node", "a call that does nothing", "cockatiel retry+breaker+timeout"),
      limit: 0.1,
      unit: "of cockatiel's",
    }),
  },
  {
    id: "T8",
    asks: "at most 20,000 bytes (brotli) before the first guarded call",
    figure: (rows) => ({ value: bytes(rows, "before the first guarded call"), limit: 20_000, unit: "bytes" }),
  },
  {
    id: "T8",
    asks: "at most 70,000 bytes (brotli) with everything that loads later",
    figure: (rows) => ({ value: bytes(rows, "everything, lazily loaded parts included"), limit: 70_000, unit: "bytes" }),
  },
  {
    id: "T14",
    asks: "a cache write with 5,000 entries stored blocks the page for less than 2 ms",
    figure: (rows) => ({ value: one(rows, "chromium", "a cache write with 5,000 entries, longest block", "seawall"), limit: 2, unit: "ms" }),
  },
  {
    id: "P6",
    asks: "a cached read from memory takes less than 0.1 ms",
    figure: (rows) => ({ value: one(rows, "chromium", "a cached read from memory", "seawall"), limit: 0.1, unit: "ms" }),
  },
  {
    id: "P6",
    asks: "a cached read from IndexedDB takes less than 5 ms",
    figure: (rows) => ({ value: one(rows, "chromium", "a cached read from IndexedDB", "seawall"), limit: 5, unit: "ms" }),
  },
];

/** The targets with their figures; one whose figure was not measured is not met. */
export function judged(rows) {
  return TARGETS.map(({ id, asks, figure }) => {
    const { value, limit, unit } = figure(rows);
    return { id, asks, value: Number.isFinite(value) ? value : null, limit, unit, met: value <= limit };
  });
}

function one(rows, place, name, peer) {
  return rows.find((row) => row.place === place && row.name === name && row.peer === peer)?.value ?? Number.NaN;
}

function bytes(rows, name) {
  return rows.find((row) => row.name === name && row.unit === "bytes brotli")?.value ?? Number.NaN;
}
