// This module is pure: no sockets, no clock, no Deno.

/**
 * A page that needs nothing but itself: it opens from disk, in light and in dark.
 *
 * @module
 */

import { rounded } from "./numbers.ts";
import { escape } from "./svg.ts";

/** The parts of a page. */
export interface Page {
  title: string;
  /** A line below the title. */
  subtitle: string;
  /** Parts in HTML, in order. */
  parts: string[];
}

/** A number worth seeing first. */
export interface Fact {
  label: string;
  value: string;
  note?: string;
}

/** Writes a whole page. */
export function page({ title, subtitle, parts }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header><h1>${escape(title)}</h1><p>${escape(subtitle)}</p></header>
${parts.join("\n")}
</main>
</body>
</html>
`;
}

/** A box with a heading; `note` says how to read what is in it. */
export function card(heading: string, inside: string, note = ""): string {
  const below = note === "" ? "" : `<p class="how">${escape(note)}</p>`;
  return `<section class="card"><h2>${escape(heading)}</h2>${below}${inside}</section>`;
}

/** A row of numbers worth seeing first. */
export function facts(all: readonly Fact[]): string {
  const items = all.map(({ label, value, note = "" }) =>
    `<div><dt>${escape(label)}</dt><dd>${escape(value)}</dd><small>${escape(note)}</small></div>`
  );
  return `<dl class="facts">${items.join("")}</dl>`;
}

/** A line that says how it went, in the colour of it. */
export function banner(kind: "good" | "bad", text: string): string {
  return `<p class="banner ${kind}">${escape(text)}</p>`;
}

/** A table whose first column names the rows, and stays in sight where the others are scrolled. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const header = head.map((cell) => `<th scope="col">${escape(cell)}</th>`).join("");
  const text = (cell: string | number) =>
    escape(typeof cell === "number" ? String(rounded(cell)) : cell);
  const body = rows.map(([name = "", ...cells]) =>
    `<tr><th scope="row">${text(name)}</th>${
      cells.map((cell) => `<td>${text(cell)}</td>`).join("")
    }</tr>`
  );
  return `<div class="scroll"><table><thead><tr>${header}</tr></thead>` +
    `<tbody>${body.join("")}</tbody></table></div>`;
}

const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#667085;--line:#e4e7ec;
--s1:#2f6feb;--s2:#e8833a;--s3:#c0418f;--s4:#1f9d78;--other:#b6bfcc;--good:#137a4b;--goodbg:#e5f5ec;
--bad:#b42318;--badbg:#fdeceb}
@media (prefers-color-scheme:dark){:root{--bg:#0f1319;--card:#181e27;--ink:#e8ecf2;--soft:#93a0b4;
--line:#2a3240;--s1:#6ea0ff;--s2:#f0a35e;--s3:#e37cc0;--s4:#4cc79c;--other:#4a5567;--good:#63d69b;
--goodbg:#142a20;--bad:#ff8d83;--badbg:#351b1b}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:40px 24px 64px;display:grid;gap:20px}
h1{font-size:26px;line-height:1.2;margin:0;letter-spacing:-.01em}
header p{margin:6px 0 0;color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px 22px;min-width:0}
h2{font-size:16px;margin:0 0 2px}
h3{font-size:14px;margin:18px 0 6px;color:var(--soft);font-weight:600}
.how{margin:0 0 12px;color:var(--soft);font-size:13.5px;max-width:95ch}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px;margin:0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.facts dt{color:var(--soft);font-size:13px}
.facts dd{margin:2px 0 0;font-size:23px;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}
.facts small{color:var(--soft);font-size:12.5px}
.banner{margin:0;padding:10px 16px;border-radius:10px;font-weight:600}
.banner.good{color:var(--good);background:var(--goodbg)}
.banner.bad{color:var(--bad);background:var(--badbg)}
figure{margin:0}
figure svg{display:block;width:calc(100% - 68px);height:240px;margin:8px 16px 24px 52px;overflow:visible;
font-size:12px}
figure svg.stretched{width:100%}
.axis-name{margin:0;color:var(--soft);font-size:12.5px}
.axis-name.along{text-align:right}
.grid{stroke:var(--line)}
.axis{stroke:var(--soft)}
.tick{fill:var(--soft)}
.bar{fill:var(--s1)}
.mark{stroke:var(--s2);stroke-dasharray:4 3}
.mark-label{fill:var(--s2);font-weight:600;font-size:12.5px}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.line.wide{stroke-width:6;opacity:.4}
.line.dashed{stroke-dasharray:5 4}
polygon.area{opacity:.16}
.s1{stroke:var(--s1)}
.s2{stroke:var(--s2)}
.s3{stroke:var(--s3)}
.s4{stroke:var(--s4)}
polygon.area.s4{fill:var(--s4);stroke:none}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 0;color:var(--soft);font-size:13px}
.legend i{display:inline-block;width:18px;border-top:3px solid;margin-right:6px;vertical-align:middle}
.legend .wide{border-top-width:7px;opacity:.5}
.legend .dashed{border-top-style:dashed}
.legend .s1{border-color:var(--s1)}
.legend .s2{border-color:var(--s2)}
.legend .s3{border-color:var(--s3)}
.legend .s4{border-color:var(--s4)}
.ranks{list-style:none;margin:0;padding:0;display:grid;gap:8px}
.ranks li{display:grid;grid-template-columns:150px 1fr 190px;gap:4px 12px;align-items:center}
.ranks b{font-weight:400;font-size:13.5px;text-align:right}
.ranks .ours b{font-weight:700}
.ranks svg{display:block;width:100%;height:26px}
.ranks .other .bar{fill:var(--other)}
.ranks small{color:var(--soft);font-size:12.5px;font-variant-numeric:tabular-nums}
.whisker{stroke:var(--ink);stroke-width:1.5;opacity:.55}
.nothing{color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;white-space:nowrap}
th[scope=row],thead th:first-child{position:sticky;left:0;background:var(--card);text-align:left;font-weight:500}
thead th{color:var(--soft);font-weight:600}
tbody tr:last-child>*{border-bottom:0}
ul{margin:8px 0 0;padding-left:20px}
@media (max-width:600px){
main{padding:24px 12px 40px;gap:14px}
.card{padding:16px 14px}
.facts dd{font-size:20px}
.thin{display:none}
figure svg{width:calc(100% - 56px);margin-left:46px;margin-right:10px}
.ranks li{grid-template-columns:1fr auto}
.ranks b{text-align:left}
.ranks svg{grid-row:2;grid-column:1/-1;height:18px}
thead th{white-space:normal}
}
`;
