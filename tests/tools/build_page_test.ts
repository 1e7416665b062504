import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { PAGE_FILES } from "../../src/server/page_files.ts";
import { buildPage, builtPage, unpacked } from "../../tools/build_page.ts";
import { PERMITTED } from "../support/permissions.ts";

/** The most bytes of page, script, style and icons together, compressed. */
const MOST_BYTES = 25_600;

Deno.test({
  name: "web/dist/ and the module that holds it are what the sources give",
  ignore: !PERMITTED,
  async fn() {
    const [built, made] = [await builtPage(), await buildPage()];
    assertEquals([...built.keys()].sort(), [...made.keys()].sort());
    for (const [name, text] of made) {
      assert(built.get(name) === text, `web/dist/${name} is old: deno task page`);
      if (name === "style.css") continue;
      assert(unpacked(PAGE_FILES[name] ?? "") === text, `${name} is old: deno task page`);
    }
  },
});

Deno.test("page, script, style and icons are at most 25 KiB, compressed", () => {
  const bytes = Object.values(PAGE_FILES).reduce(
    (sum, file) => sum + gzipSync(unpacked(file), { level: 9 }).length,
    0,
  );
  assert(bytes <= MOST_BYTES, `${bytes} bytes`);
});
