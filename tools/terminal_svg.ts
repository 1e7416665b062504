/**
 * Terminals as a picture: rows of coloured text in, SVG out. It has a light and a dark look, as
 * whoever looks at it prefers, and columns that stay in line whatever fonts there are.
 *
 * @module
 */

import { escape, px } from "../bench/svg.ts";

/** A piece of a row that looks the same; `look` is an SGR parameter, empty for plain text. */
export interface Run {
  text: string;
  look: string;
}

/** A terminal. */
export interface Terminal {
  title: string;
  columns: number;
  rows: readonly (readonly Run[])[];
}

/** The size of a character, and of the row with the title, in pixels. */
const CHARACTER = { width: 7.2, height: 17 };
const TITLE_HEIGHT = 26;

/** The space around the text of a terminal, and between terminals, in pixels. */
const PADDING = 10;
const GAP = 6;

/** Classes by SGR parameter: bold, faint, and the colours of the terminal chat. */
const CLASSES: Record<string, string> = {
  "1": "bold",
  "2": "faint",
  "31": "red",
  "32": "green",
  "33": "yellow",
  "36": "cyan",
};

const STYLE = `
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  fill: #1f2328; white-space: pre }
.back { fill: #fff; stroke: #d1d9e0 }
.title { fill: #59636e }
.line { stroke: #d1d9e0 }
.bold { font-weight: 600 }
.faint { fill: #818b98 }
.red { fill: #cf222e }
.green { fill: #116329 }
.yellow { fill: #7d4e00 }
.cyan { fill: #1b7c83 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .back { fill: #0d1117; stroke: #3d444d }
  .title { fill: #9198a1 }
  .line { stroke: #3d444d }
  .faint { fill: #7d8590 }
  .red { fill: #ff7b72 }
  .green { fill: #56d364 }
  .yellow { fill: #e3b341 }
  .cyan { fill: #56d4dd }
}`;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Draws lines of terminals: those of one line stand beside each other. `description` is for whoever
 * cannot see them.
 */
export function terminalSvg(
  lines: readonly (readonly Terminal[])[],
  description: string,
): string {
  const width = Math.max(...lines.map(widthOf));
  let y = GAP;
  const drawn = lines.map((terminals) => {
    const height = Math.max(...terminals.map(heightOf));
    let x = GAP;
    const boxes = terminals.map((terminal, i) => {
      // The last one is as wide as is left.
      const own = i + 1 < terminals.length ? widthOf([terminal]) - 2 * GAP : width - GAP - x;
      const box = { x, y, width: own, height };
      x += own + GAP;
      return draw(terminal, box);
    });
    y += height + GAP;
    return boxes.join("\n");
  });
  const size = `${px(width)} ${px(y)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" width="${
    px(width)
  }" role="img">
<title>${escape(description)}</title>
<style>${STYLE}
</style>
${drawn.join("\n")}
</svg>
`;
}

/** The width of terminals beside each other, with the gaps around them. */
function widthOf(terminals: readonly Terminal[]): number {
  const widths = terminals.map(({ columns }) => columns * CHARACTER.width + 2 * PADDING + GAP);
  return widths.reduce((sum, width) => sum + width, GAP);
}

function heightOf({ rows }: Terminal): number {
  return TITLE_HEIGHT + rows.length * CHARACTER.height + 2 * PADDING;
}

function draw({ title, rows }: Terminal, { x, y, width, height }: Box): string {
  const line = y + TITLE_HEIGHT;
  const texts = rows.map((runs, i) =>
    drawRow(runs, x + PADDING, line + PADDING + (i + 0.75) * CHARACTER.height)
  );
  return [
    `<rect class="back" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${
      px(height)
    }" rx="6"/>`,
    `<path class="line" d="M${px(x)} ${px(line)}h${px(width)}"/>`,
    `<text class="title" x="${px(x + PADDING)}" y="${px(line - 8)}">${escape(title)}</text>`,
    ...texts.filter((text) => text !== ""),
  ].join("\n");
}

function drawRow(runs: readonly Run[], x: number, y: number): string {
  let column = 0;
  return runs.map(({ text, look }) => {
    const at = x + column * CHARACTER.width;
    const columns = text.length;
    column += columns;
    if (text.trim() === "") return "";
    const style = CLASSES[look];
    if (style === undefined && look !== "") throw new RangeError(`No class for SGR ${look}`);
    return `<text${style === undefined ? "" : ` class="${style}"`} x="${px(at)}" y="${px(y)}" ` +
      `textLength="${px(columns * CHARACTER.width)}">${escape(text)}</text>`;
  }).join("");
}
