import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { hasWords, isFound, tokensOf, wordsOf } from "../../../src/core/log/search.ts";
import { pure } from "../../support/pure.ts";

pure("words are compared without case, accents and width, and by whole words", () => {
  assertEquals(wordsOf("Crème, BRÛLÉE!"), ["creme", "brulee"]);
  assertEquals(wordsOf("a_b don't x2 x2"), ["a", "b", "don", "t", "x2"]);
  assertEquals(wordsOf("Ｆｕｌｌ ёлка"), ["full", "елка"]);
  assertEquals(wordsOf('"*" (): -^ 👍'), []);
  assertEquals([hasWords("hello there", ["hell"]), hasWords("Hello there", ["hello"])], [
    false,
    true,
  ]);
  assertEquals(hasWords("hëllo", wordsOf("HELLO")), true);
});

pure("what is written without spaces is found within, as a row of characters", () => {
  assertEquals(tokensOf("東京タワーx2へ"), "東 京 タ ワ ー x2 へ");
  const found = (text: string, within: string) => hasWords(within, wordsOf(text));
  assertEquals([found("京タ", "東京タワー"), found("タ京", "東京タワー")], [true, false]);
  assertEquals([found("한국", "한국어를"), found("ไทย", "ภาษาไทย")], [true, true]);
  assertEquals([found("か", "がか"), found("が", "か")], [true, false]);
});

pure("operators of an index are words, and no word holds any", () => {
  assertEquals(wordsOf('ana OR (NOT "ben*") NEAR/3 body:x'), [
    ...["ana", "or", "not", "ben", "near", "3", "body", "x"],
  ]);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const words = wordsOf(text);
    assertEquals(words.filter((word) => /["*():^{}\-+]/.test(word)), []);
    assertEquals(hasWords(text, words), true);
    assertEquals(tokensOf(tokensOf(text)), tokensOf(text));
  }));
});

pure("only messages are found, by their bodies", () => {
  assertEquals(isFound('{"seq":1,"from":"ana","body":"hi"}', ["hi"]), true);
  assertEquals(isFound('{"seq":1,"from":"hi","body":"x"}', ["hi"]), false);
  assertEquals(isFound('{"seq":1,"event":"join","from":"hi"}', ["hi"]), false);
});
