import { assert } from "@std/assert";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { until } from "../support/waiting.ts";
import { WebPages } from "../support/web_page.ts";
import { FULL, quantile, report, setting } from "./setting.ts";

const LOADS = setting(3, 30);

/** The most that the median of the loads may take, in milliseconds. */
const MOST_MS = 200;

/** Times of one load since it was asked for, in milliseconds. */
interface Load {
  paint: number;
  interactive: number;
}

/** Has the page note when there is a field to write in. */
const WATCH = `
  const look = () => {
    const page = document.querySelector("parley-chat")?.shadowRoot;
    const field = page?.querySelector("input, textarea");
    if (field == null || field.closest("[hidden]")) return requestAnimationFrame(look);
    globalThis.interactive = performance.now();
  };
  addEventListener("DOMContentLoaded", look);
`;

Deno.test({
  name: "P1 the page is painted, and can be used, soon",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using pages = await WebPages.start();
    const loads: Load[] = [];
    for (let i = 0; i < LOADS; i++) {
      // A profile of its own: nothing is in a cache.
      const { page } = await pages.visitor();
      await page.addInitScript(WATCH);
      await page.goto(pages.url);
      let load: Load | undefined;
      await until(async () => {
        load = await page.evaluate(`(() => {
          const [paint] = performance.getEntriesByName("first-contentful-paint");
          const { interactive } = globalThis;
          return paint && interactive ? { paint: paint.startTime, interactive } : undefined;
        })()`);
        return load !== undefined;
      }, "nothing is painted");
      loads.push(load!);
      await page.context().close();
    }
    const paint = quantile(loads.map(({ paint }) => paint), 0.5);
    const interactive = quantile(loads.map(({ interactive }) => interactive), 0.5);
    const late = paint > MOST_MS || interactive > MOST_MS;
    report("P1", `${LOADS} loads without a cache, from loopback`, {
      "first paint in ms, median": Math.round(paint),
      "interactive in ms, median": Math.round(interactive),
      "1 minute load of the machine": Deno.loadavg()[0]!.toFixed(1),
    }, late ? ["200 ms"] : []);
    if (!FULL) assert(paint > 0 && interactive > 0);
  },
});
