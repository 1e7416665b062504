import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { PERMITTED } from "./support/permissions.ts";

const ROOT = new URL("../", import.meta.url);

/** A page, and where its links lead that are no whole addresses. */
interface Page {
  path: string;
  links: { path: string; heading: string }[];
  headings: Set<string>;
}

function pages(): Page[] {
  if (!PERMITTED) return [];
  return ["", "docs/", "docs/design/", "bench/"].flatMap((folder) => {
    const names = [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name);
    return names.filter((name) => name.endsWith(".md")).map((name) => read(`${folder}${name}`));
  });
}

function read(path: string): Page {
  const url = new URL(path, ROOT);
  const text = Deno.readTextFileSync(url).replaceAll(/^```[\s\S]*?^```/gm, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const links = targets.filter((target) => !URL.canParse(target)).map((target) => {
    const { href, hash } = new URL(target, url);
    return { path: href.slice(ROOT.href.length).replace(hash, ""), heading: hash.slice(1) };
  });
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
  return { path, links, headings: new Set(headings) };
}

function isPublished(path: string): boolean {
  return config.publish.include.some((pattern) => {
    const regular = pattern.replaceAll(".", "\\.").replaceAll("**/", "(?:.+/)?")
      .replaceAll(/(?<!\.)\*/g, "[^/]*");
    return new RegExp(`^${regular}$`).test(path);
  });
}

const PAGES = pages();

for (const { path, links } of PAGES) {
  Deno.test(`each link of ${path} leads somewhere, in the package too`, () => {
    for (const { path: target, heading } of links) {
      assert(Deno.statSync(new URL(target, ROOT)).isFile, target);
      if (isPublished(path)) assert(isPublished(target), `${target} is not published`);
      if (heading === "") continue;
      const page = PAGES.find((page) => page.path === target);
      assert(page?.headings.has(heading), `${target} has no heading ${heading}`);
    }
  });
}

Deno.test("links are found, and published files told from others", { ignore: !PERMITTED }, () => {
  const count = PAGES.reduce((sum, { links }) => sum + links.length, 0);
  assert(PAGES.length > 5 && count > 15, `${count} links in ${PAGES.length} pages`);
  assertEquals(
    ["README.md", "src/store/memory.ts", "tests/core/hub_test.ts", "READMEXmd"].map(isPublished),
    [true, true, false, false],
  );
});
