import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Block, blocks, type Inline, inlines } from "../../web/markup.ts";

const link = (text: string, href = text) => ({ type: "link", text, href });

Deno.test("addresses become links, without the sentence around them", () => {
  const cases: [string, ...unknown[]][] = [
    ["see https://a.example/x.", "see ", link("https://a.example/x"), "."],
    ["(https://a.example/x)", "(", link("https://a.example/x"), ")"],
    ["https://a.example/x_(y)!", link("https://a.example/x_(y)"), "!"],
    ["HTTP://A.example?", link("HTTP://A.example", "http://a.example/"), "?"],
    ["mailto:ana@a.example", link("mailto:ana@a.example")],
    ["https://a.example/ü", link("https://a.example/ü", "https://a.example/%C3%BC")],
    ["https://", "https://"],
    ["javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x"],
    ["xhttps://a.example", "xhttps://a.example"],
    [
      'https://a.example/"onclick="x',
      link("https://a.example/"),
      '"onclick="x',
    ],
  ];
  for (const [text, ...parts] of cases) assertEquals<unknown[]>(inlines(text), parts, text);
});

Deno.test("code, bold and italic are told from asterisks and underscores of other uses", () => {
  const cases: [string, ...Inline[]][] = [
    ["a `b*c*d` e", "a ", { type: "code", text: "b*c*d" }, " e"],
    ["**b** *i* _i_", { type: "b", text: "b" }, " ", { type: "i", text: "i" }, " ", {
      type: "i",
      text: "i",
    }],
    ["2 * 3 * 4", "2 * 3 * 4"],
    ["snake_case_name", "snake_case_name"],
    ["** b **", "** b **"],
    ["`open", "`open"],
  ];
  for (const [text, ...parts] of cases) assertEquals(inlines(text), parts, text);
});

Deno.test("blocks are text, quotes and what stands between fences", () => {
  const cases: [string, ...Block[]][] = [
    ["a\nb", { type: "text", lines: [["a"], ["b"]] }],
    ["> q\nt", { type: "quote", lines: [["q"]] }, { type: "text", lines: [["t"]] }],
    ["a\n```ts\nx *y*\n```\nb", { type: "text", lines: [["a"]] }, { type: "code", text: "x *y*" }, {
      type: "text",
      lines: [["b"]],
    }],
    ["```\nopen", { type: "text", lines: [["```"], ["open"]] }],
    ["", { type: "text", lines: [[]] }],
  ];
  for (const [text, ...parts] of cases) assertEquals(blocks(text), parts, text);
});

/** All text of a line. */
function textOf(parts: Inline[]): string {
  return parts.map((part) => typeof part === "string" ? part : part.text).join("");
}

Deno.test("no text is lost or made: only marks go", () => {
  const word = fc.constantFrom("a", " ", "*", "**", "_", "`", "https://a.b/", "(", ")", ".", "\\");
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }).map((words) => words.join("")), (line) => {
      const shown = textOf(inlines(line));
      const bare = (text: string) => text.replaceAll(/[*_`]/g, "");
      assertEquals(bare(shown), bare(line));
    }),
  );
});

Deno.test("the longest message is read in time, whatever is in it", () => {
  for (
    const piece of ["*", "_", "`", "**a", "https://", "> ", "```", "(", "_a ", "*a*", "\n```\n"]
  ) {
    const body = piece.repeat(65_536 / piece.length);
    const since = performance.now();
    blocks(body);
    const ms = performance.now() - since;
    assert(ms < 500, `${JSON.stringify(piece)} takes ${ms} ms`);
  }
});
