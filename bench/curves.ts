// SPDX-License-Identifier: GPL-2.0-only
/** The curves of the README, drawn from figures: what a permitted open and close costs by depth, by rules, by loaded policies. */
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Figure } from './figure.js';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 640;
const HEIGHT = 360;
/** Landlock, AppArmor, callgate: told apart by those who see no colours well (Okabe and Ito's palette), the last of them bold. */
const COLOURS: Readonly<Record<string, string>> = { landlock: '#E69F00', apparmor: '#56B4E9', callgate: '#D55E00' };
const OTHERS = ['#0072B2', '#009E73'];
const ORDINARY_RULES = 100;

export interface Curve {
  /** Of the file, without .svg. */
  readonly name: string;
  readonly title: string;
  /** What is along the bottom. */
  readonly axis: string;
  readonly places: readonly number[];
  readonly lines: readonly { readonly name: string; readonly added: readonly (number | null)[] }[];
}

/** What is drawn of the figures of a kernel; curves of which there is nothing are left out. */
export function curvesOf(figures: readonly Figure[], kernel: string): Curve[] {
  const added = (mechanism: string, operation: string): number | null =>
    figures.find((one) => one.kernel === kernel && one.mechanism === mechanism && one.operation === operation)?.added ??
    null;
  const numbers = (of: RegExp): number[] =>
    [...new Set(figures.flatMap(({ mechanism }) => Number(of.exec(mechanism)?.[1] ?? Number.NaN)))]
      .filter((number) => !Number.isNaN(number))
      .sort((one, other) => one - other);
  const opens = ['open2', 'open8'];
  const scaled = (places: readonly number[], mechanism: (place: number) => string): Curve['lines'] =>
    opens.map((operation) => ({
      name: `${operation.slice('open'.length)} components`,
      added: places.map((place) => added(mechanism(place), operation)),
    }));
  const depths = [
    ...new Set(figures.flatMap(({ operation }) => Number(/^open(\d+)$/.exec(operation)?.[1] ?? Number.NaN))),
  ]
    .filter((depth) => !Number.isNaN(depth))
    .sort((one, other) => one - other);
  const rules = [...new Set([ORDINARY_RULES, ...numbers(/^callgate, (\d+) rules$/)])].sort((one, other) => one - other);
  const policies = [1, ...numbers(/^callgate, (\d+) policies$/)];
  const title = `Instructions added to open and close, Linux ${kernel}`;
  const all: Curve[] = [
    {
      ...{ name: 'cost-by-depth', title, axis: 'components of the path', places: depths },
      lines: Object.keys(COLOURS).map((name) => ({ name, added: depths.map((depth) => added(name, `open${depth}`)) })),
    },
    {
      ...{ name: 'cost-by-rules', title, axis: 'rules of the policy', places: rules },
      lines: scaled(rules, (count) => (count === ORDINARY_RULES ? 'callgate' : `callgate, ${count} rules`)),
    },
    {
      ...{ name: 'cost-by-policies', title, axis: 'policies that are loaded', places: policies },
      lines: scaled(policies, (count) => (count === 1 ? 'callgate' : `callgate, ${count} policies`)),
    },
  ];
  return all
    .map((curve) => ({ ...curve, lines: curve.lines.filter((line) => line.added.some((one) => one !== null)) }))
    .filter(({ lines, places }) => lines.length > 0 && places.length > 1);
}

/** The curve as SVG; the same text for the same figures. */
export function draw({ title, axis, places, lines }: Curve): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    // Readable on a dark page too.
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', top: 8, textStyle: { fontSize: 14, fontWeight: 'normal' } },
    legend: { bottom: 4, itemGap: 28, data: lines.map(({ name }) => name) },
    color: OTHERS,
    grid: { left: 72, right: 40, top: 44, bottom: 76 },
    xAxis: {
      type: 'category',
      boundaryGap: false,
      data: places.map(String),
      name: axis,
      nameLocation: 'middle',
      nameGap: 26,
    },
    yAxis: { type: 'value', min: 0 },
    series: lines.map(({ name, added }) => ({
      ...{ name, type: 'line', data: added, symbol: 'circle', symbolSize: 6 },
      lineStyle: { width: name === 'callgate' ? 3 : 2 },
      ...(COLOURS[name] === undefined ? {} : { color: COLOURS[name] }),
    })),
  });
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}
