import { assert } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { pause, until } from "../support/waiting.ts";
import { WebPages } from "../support/web_page.ts";
import { quantile, report, setting } from "./setting.ts";

const RUNS = setting(1, 5);
const RUN_MS = setting(2_000, 15_000);
const HISTORY = setting(500, 5_000);
const PER_SECOND = 50;
const LONG_MS = 50;

Deno.test({
  name: "P6 a busy room with a long history does not hold the page up",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using pages = await WebPages.start({ rate: 0, logEntries: 10_000 });
    await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
    await ben.connect();
    const room = await ben.createRoom("Lobby");
    await Promise.all(Array.from({ length: HISTORY }, (_, i) => room.send(`line ${i}`)));
    const long: number[] = [];
    const longest: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const ana = await pages.visitor();
      await ana.openLink(`${pages.url}#${room.id}`, "Ana");
      await until(async () => (await ana.bodies()).length > 100, "no history");
      await ana.page.evaluate(`
        globalThis.frames = [];
        (function measure(last) {
          requestAnimationFrame((now) => {
            if (last !== undefined) frames.push(now - last);
            measure(now);
          });
        })();
      `);
      const end = performance.now() + RUN_MS;
      let sent = 0;
      for (const begin = performance.now(); performance.now() < end; await pause(20)) {
        const due = (performance.now() - begin) / 1_000 * PER_SECOND;
        while (sent < due) room.send(`live ${sent++} of a *busy* room, see https://example.org`);
      }
      const frames = await ana.page.evaluate("frames") as number[];
      long.push(frames.filter((ms) => ms > LONG_MS).length);
      longest.push(Math.max(...frames));
      assert(frames.length > 10);
      await ana.page.context().close();
    }
    const median = quantile(long, 0.5);
    report("P6", `${HISTORY} entries of history and 50 messages a second, ${RUNS} runs`, {
      "frames over 50 ms, median of runs": median,
      "longest frame in ms, median of runs": Math.round(quantile(longest, 0.5)),
      "1 minute load of the machine": Deno.loadavg()[0]!.toFixed(1),
    }, median > 0 ? ["no frame over 50 ms"] : []);
  },
});
