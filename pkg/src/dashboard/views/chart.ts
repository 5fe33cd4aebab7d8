/**
 * One chart over the last minutes, drawn by uPlot on a canvas, with the same figures in words and as a table.
 *
 * The table takes the chart's own place: switching moves nothing on the page. Colours are asked of the style sheet each
 * time, so that day, night and a page's own palette reach the canvas.
 */

import uPlot from "uplot";

import { h, setText } from "../dom.js";
import { type Point, SHOWN } from "../series.js";
import { NONE, type Words } from "../words.js";

export interface Line {
  readonly name: string;
  /** The class of its colour. */
  readonly tone: "answered" | "failed" | "refused" | "p50" | "p95" | "p99";
  readonly value: (point: Point) => number | null;
}

export interface ChartOptions {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
  /** On top of each other and filled, or each for itself over a logarithmic scale. */
  readonly form: "stacked" | "logarithmic";
  readonly format: (value: number | null) => string;
  /** The chart in a sentence. */
  readonly describe: (points: readonly Point[]) => string;
  /** What of several points one row of the table says. */
  readonly combine: (values: readonly number[]) => number;
}

export interface Chart {
  readonly element: HTMLElement;
  show(points: readonly Point[], now: number): void;
  /** Begins to draw, and to follow the width that there is. */
  start(): void;
  stop(): void;
  repaint(): void;
}

const HEIGHT = 182;
/** The first minute has the whole width; then time is pushed together until there are five. */
const SHORTEST = 60_000;
/** Calls are counted in whole numbers. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
/** A row of the table covers so much time. */
const ROW = 30_000;

export function chart(options: ChartOptions, words: Words): Chart {
  const { id, title, lines, format } = options;
  const { t, say } = words;
  const place = h("div", { class: "plot", "aria-hidden": "true" });
  const sentence = h("p", { class: "sentence" });
  const table = h("tbody");
  const scroll = h("div", { class: "as-table", hidden: true, tabindex: 0, role: "region", "aria-label": say("tableOf", { chart: title }) }, tableOf(options, table, words));
  const toggle = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => flip() }, t.asTable);
  const legend = lines.map((line) => {
    const swatch = h("span", { class: `swatch ${line.tone}` });
    const value = h("span", { class: "value" });
    return { line, swatch, value, element: h("li", {}, swatch, h("span", {}, line.name), value) };
  });
  let plot: uPlot | undefined;
  let points: readonly Point[] = [];
  let now = Date.now();

  const colour = (index: number): string => getComputedStyle(legend[index]?.swatch ?? place).color;
  const ink = (): string => getComputedStyle(place).color;
  const rule = (): string => getComputedStyle(scroll).borderTopColor;
  const observer = new ResizeObserver(() => resize());

  function flip(): void {
    const asTable = scroll.hidden;
    scroll.hidden = !asTable;
    place.hidden = asTable;
    toggle.setAttribute("aria-pressed", String(asTable));
    draw();
  }

  function resize(): void {
    const width = place.clientWidth;
    if (width === 0) return;
    plot ??= new uPlot(plotOptions(options, width, { colour, ink, rule }, showValues, words), dataOf(options, points), place);
    if (plot.width !== width) plot.setSize({ width, height: HEIGHT });
    draw();
  }

  function draw(): void {
    if (!scroll.hidden) table.replaceChildren(...rowsOf(options, points, words));
    if (place.hidden || !plot) return;
    plot.setData(dataOf(options, points), false);
    const first = Math.min(points[0]?.at ?? now, now - SHORTEST);
    plot.setScale("x", { min: Math.max(first, now - SHOWN) / 1_000, max: now / 1_000 });
  }

  function showValues(index: number | null | undefined): void {
    const point = index === null || index === undefined ? points.at(-1) : points[index];
    for (const { line, value } of legend) setText(value, point ? format(line.value(point)) : NONE);
  }

  return {
    element: h(
      "section",
      { class: "chart", "aria-labelledby": id },
      h("div", { class: "title" }, h("h3", { id }, title), toggle),
      h("ul", { class: "legend", "aria-label": t.latestValues }, ...legend.map(({ element }) => element)),
      h("div", { class: "frame" }, place, scroll),
      sentence,
    ),
    show(latest, at) {
      points = latest;
      now = at;
      setText(sentence, options.describe(points));
      if (plot?.cursor.idx === undefined || plot.cursor.idx === null) showValues(undefined);
      draw();
    },
    start: () => observer.observe(place),
    stop() {
      observer.disconnect();
      plot?.destroy();
      plot = undefined;
    },
    repaint: () => plot?.redraw(false, true),
  };
}

interface Colours {
  colour(index: number): string;
  ink(): string;
  rule(): string;
}

function plotOptions(options: ChartOptions, width: number, colours: Colours, onCursor: (index: number | null | undefined) => void, words: Words): uPlot.Options {
  const { form, lines } = options;
  const font = "11px system-ui, sans-serif";
  const axis = { stroke: colours.ink, font, ticks: { show: false }, grid: { stroke: colours.rule, width: 1 } };
  return {
    width,
    height: HEIGHT,
    padding: [8, 32, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: form === "logarithmic" }, drag: { x: false, y: false } },
    scales: { x: { time: true, auto: false }, y: form === "stacked" ? { range: fromZero } : { distr: 3, range: decades } },
    axes: [
      // The gap keeps the first time clear of the zero beside it, which hangs half below the line.
      { ...axis, size: 30, gap: 10, space: 72, grid: { show: false }, values: (_plot, times) => times.map((time) => words.time(time * 1_000)) },
      {
        ...axis,
        size: 52,
        gap: 6,
        space: 32,
        ...(form === "stacked" ? { incrs: STEPS } : { splits: decadesOf }),
        values: (_plot, values) => values.map((value) => (form === "stacked" ? words.number(value) : latencyMark(value, words))),
      },
    ],
    series: [{}, ...order(lines, form).map((index) => seriesOf(form, () => colours.colour(index)))],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx)] },
  };
}

/** The tallest of a stack is drawn first, and the others over it. */
function order(lines: readonly Line[], form: ChartOptions["form"]): number[] {
  const indices = lines.map((_, index) => index);
  return form === "stacked" ? indices.reverse() : indices;
}

function seriesOf(form: ChartOptions["form"], colour: () => string): uPlot.Series {
  if (form === "logarithmic") return { stroke: colour, width: 1.75, points: { show: false }, spanGaps: false };
  const bars = uPlot.paths.bars?.({ size: [0.9, 6], align: 1 });
  return { stroke: colour, fill: colour, width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) };
}

function dataOf({ lines, form }: ChartOptions, points: readonly Point[]): uPlot.AlignedData {
  const times = points.map(({ at }) => at / 1_000);
  const values = order(lines, form).map((index) =>
    points.map((point) => {
      if (form === "logarithmic") return lines[index]?.value(point) ?? null;
      return lines.slice(0, index + 1).reduce((sum, line) => sum + (line.value(point) ?? 0), 0);
    }),
  );
  return [times, ...values];
}

/** So that a single call is not drawn as a flood. */
function fromZero(_plot: uPlot, _min: number | null, max: number | null): [number, number] {
  return [0, Math.max(4, (max ?? 0) * 1.1)];
}

function decades(_plot: uPlot, min: number | null, max: number | null): [number, number] {
  const low = 10 ** Math.floor(Math.log10(Math.max(0.1, min ?? 1)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(100, (max ?? 100) * 1.05)));
  return [Math.min(low, 10), Math.max(high, 100)];
}

/** A line for each tenfold: ten within it would be a grey field. */
function decadesOf(_plot: uPlot, _axis: number, min: number, max: number): number[] {
  const first = Math.round(Math.log10(min));
  const last = Math.round(Math.log10(max));
  return Array.from({ length: last - first + 1 }, (_, step) => 10 ** (first + step));
}

function latencyMark(millis: number, { say, number }: Words): string {
  return millis < 1_000 ? say("milliseconds", { n: number(millis) }) : say("seconds", { n: number(millis / 1_000) });
}

function tableOf({ title, lines }: ChartOptions, body: HTMLElement, { t, say, number }: Words): HTMLElement {
  const columns = [t.from, ...lines.map(({ name }) => name)];
  return h(
    "table",
    {},
    h("caption", { class: "unseen" }, say("tableCaption", { chart: title, n: number(ROW / 1_000) })),
    h("thead", {}, h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)))),
    body,
  );
}

function rowsOf({ lines, format, combine }: ChartOptions, points: readonly Point[], { t, time }: Words): HTMLElement[] {
  const groups = new Map<number, Point[]>();
  for (const point of points) {
    const from = Math.floor(point.at / ROW) * ROW;
    groups.set(from, [...(groups.get(from) ?? []), point]);
  }
  const rows = [...groups].reverse().map(([from, group]) => {
    const cells = lines.map((line) => {
      const values = group.map(line.value).filter((value) => value !== null);
      return h("td", {}, format(values.length === 0 ? null : combine(values)));
    });
    return h("tr", {}, h("th", { scope: "row" }, time(from)), ...cells);
  });
  return rows.length > 0 ? rows : [h("tr", {}, h("td", { colspan: lines.length + 1 }, t.nothingYet))];
}
