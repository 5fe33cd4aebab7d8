/**
 * Reads Prometheus's text form as strictly as its own linter: an ill-formed text throws.
 *
 * Held to: names and escapes, HELP and TYPE once and before their samples, families in one piece, no series twice,
 * counters that end in `_total`, histograms whose buckets add up.
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const LINE = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/;

export function parsePrometheus(text: string): Sample[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const closed = new Set<string>();
  const series = new Set<string>();
  const samples: Sample[] = [];
  let family = "";

  const enter = (name: string): void => {
    if (name === family) return;
    if (closed.has(name)) throw new Error(`${name} is in two pieces`);
    closed.add(family);
    family = name;
  };

  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      enter(name);
      if (helped.has(name)) throw new Error(`${name} has two HELP lines`);
      helped.add(name);
    } else if (kind === "TYPE") {
      enter(name);
      if (types.has(name) || !["counter", "gauge", "histogram"].includes(rest)) throw new Error(line);
      if (rest === "counter" && !name.endsWith("_total")) throw new Error(`counter ${name} does not end in _total`);
      types.set(name, rest);
    } else {
      const sample = parseSample(line);
      enter(familyOf(sample.name, types));
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (series.has(key)) throw new Error(`${key} twice`);
      series.add(key);
      samples.push(sample);
    }
  }
  for (const [name, type] of types) if (type === "histogram") checkHistogram(name, samples);
  return samples;
}

function parseSample(line: string): Sample {
  const [, name = "", labelText = "", number = ""] = LINE.exec(line) ?? [];
  if (!NAME.test(name)) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const found = LABEL.exec(labelText);
    if (!found) throw new Error(`labels: ${line}`);
    const [, label = "", value = ""] = found;
    if (label in labels) throw new Error(`label ${label} twice: ${line}`);
    labels[label] = value.replace(/\\(["\\n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  const value = number === "+Inf" ? Infinity : Number(number);
  if (Number.isNaN(value)) throw new Error(`value: ${line}`);
  return { name, labels, value };
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const found = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
  if (!types.has(found)) throw new Error(`${name} has no TYPE before it`);
  return found;
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples.filter((each) => each.name === `${name}_bucket`)) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, buckets] of groups) {
    const bounds = buckets.map(({ labels }) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])));
    const rising = (numbers: number[]): boolean => numbers.every((number, place) => place === 0 || number >= (numbers[place - 1] ?? 0));
    if (!rising(bounds) || bounds.at(-1) !== Infinity) throw new Error(`bounds of ${name} ${key}`);
    if (!rising(buckets.map(({ value }) => value))) throw new Error(`buckets of ${name} ${key} are not cumulative`);
    const count = samples.find((each) => each.name === `${name}_count` && JSON.stringify(each.labels) === key);
    if (count?.value !== buckets.at(-1)?.value) throw new Error(`count of ${name} ${key}`);
  }
}
