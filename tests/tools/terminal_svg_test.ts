import { assertEquals, assertThrows } from "@std/assert";
import { terminalSvg } from "../../tools/terminal_svg.ts";
import { Picture } from "../cli/picture.ts";
import { pure } from "../support/pure.ts";

/** A terminal of ten columns that got this output. */
function terminal(title: string, output: string) {
  const picture = new Picture(10);
  picture.write(output);
  return { title, columns: 10, rows: picture.runs };
}

function textsIn(svg: string): string[] {
  return [...svg.matchAll(/<text.*?<\/text>/g)].map(([text]) => text);
}

pure("a terminal is drawn with its title, and each colour as a text of its own", () => {
  const svg = terminalSvg(
    [[terminal("a & b", "\x1b[2m10:00\x1b[0m <b>\r\n  \x1b[32mx\x1b[0m")]],
    "A",
  );
  assertEquals(textsIn(svg), [
    '<text class="title" x="16" y="24">a &amp; b</text>',
    '<text class="faint" x="16" y="54.8" textLength="36">10:00</text>',
    '<text x="52" y="54.8" textLength="28.8"> &lt;b&gt;</text>',
    '<text class="green" x="30.4" y="71.8" textLength="7.2">x</text>',
  ]);
  assertEquals(svg.includes("<title>A</title>"), true);
});

pure("what a terminal has erased or written over is not drawn", () => {
  const svg = terminalSvg([[terminal("a", "one\ntwo\x1b[1A\r\x1b[Jsix")]], "A");
  assertEquals(textsIn(svg).slice(1), ['<text x="16" y="54.8" textLength="21.6">six</text>']);
});

pure("terminals of a line have one height, and all lines one width", () => {
  const [low, high] = [terminal("low", "a"), terminal("high", "a\nb")];
  const frames = terminalSvg([[low, high], [low]], "A").matchAll(/<rect class="back" (.*?) rx/g);
  assertEquals([...frames].map(([, frame]) => frame), [
    'x="6" y="6" width="92" height="80"',
    'x="104" y="6" width="92" height="80"',
    'x="6" y="92" width="190" height="63"',
  ]);
});

pure("a look that has no colour in the picture is an error", () => {
  assertThrows(() => terminalSvg([[terminal("a", "\x1b[45mx")]], "A"), RangeError, "SGR 45");
});
