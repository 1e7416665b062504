import { assert, assertEquals } from "@std/assert";
import { parseCliFlags } from "../../src/cli/flags.ts";
import { START_PAGE } from "../../src/server/start_page.ts";
import { pure } from "../support/pure.ts";

pure("the start page is small, closes what it opens, and can load and run nothing", () => {
  assert(START_PAGE.length < 2_000, `${START_PAGE.length}`);
  assertEquals(
    /<script|<style|<img|<link|<iframe|\son\w+=|src=|javascript:/i.test(START_PAGE),
    false,
  );
  for (const [, tag = ""] of START_PAGE.matchAll(/<(h1|p|a|pre|code|title)\b/g)) {
    const [opened, closed] = [`<${tag}\\b`, `</${tag}>`].map((mark) =>
      START_PAGE.match(new RegExp(mark, "g"))?.length
    );
    assertEquals(opened, closed, tag);
  }
});

pure("the command on the start page is one that the terminal chat understands", () => {
  const [, command = ""] = /<pre>deno run -N jsr:@parley\/chat\/cli (.*)<\/pre>/.exec(START_PAGE) ??
    [];
  const settings = parseCliFlags(command.replace("wss://…", "wss://chat.example").split(" "));
  assert(typeof settings === "object", command);
  assertEquals([settings.name, settings.url.href], ["You", "wss://chat.example/"]);
  assert(typeof parseCliFlags(["--join", "ID"]) === "object" && START_PAGE.includes("--join ID"));
});
