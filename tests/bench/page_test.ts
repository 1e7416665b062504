/**
 * The page of the benchmark as it looks in a browser, on a phone and on a desk.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  distributionChart,
  growthChart,
  rankChart,
  type Series,
  timeChart,
} from "../../bench/charts.ts";
import { card, facts, page, table } from "../../bench/page.ts";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";

/** Smaller text cannot be read on a phone. */
const LEAST_PX = 12;

function series(values: number[]): Series[] {
  return ["max", "p99"].map((label, i) => ({
    label,
    style: `s${i + 1}`,
    points: values.map((value) => [value, value * (i + 1)]),
  }));
}

/** All charts, with what is hard to place: marks that coincide, and axes with many long ticks. */
function hardPage(): string {
  const bars = Array.from({ length: 60 }, (_, i) => ({
    fromMs: 10 ** ((i - 20) / 20),
    toMs: 10 ** ((i - 19) / 20),
    count: 1 + i % 7,
  }));
  const marks = [1.2, 90.1, 90.2].map((ms, i) => ({ label: ["p50", "p99", "max"][i]!, ms }));
  const ranks = [4, 3, 1].map((value) => ({
    ...{ label: "Python websockets", value, note: "7.76M/s · 7.87M/CPU-s", ours: value === 3 },
    spread: [value - 0.5, value + 0.5] as [number, number],
  }));
  const wide = ["shape", "server", "deliveries/s", "per CPU-s", "entries/frame", "bytes each"];
  return page({
    title: "A page",
    subtitle: "with everything",
    parts: [
      facts([{ label: "server", value: "1,234.56 s CPU" }, { label: "delivered", value: "90/s" }]),
      card("distribution", distributionChart(bars, marks)),
      card(
        "time",
        timeChart("time", { series: series([1, 20, 300]), label: "ms", mayBeLog: true }),
      ),
      card(
        "growth",
        growthChart("growth", { series: series([10, 10_000]), label: "µs", sizes: "n" }),
      ),
      card("narrow", growthChart("narrow", { series: series([3, 17]), label: "µs", sizes: "n" })),
      card("ranks", rankChart("ranks", { ranks, lowIsGood: false })),
      card("table", table(wide, [wide, wide])),
    ],
  });
}

/** The findings of {@linkcode LOOK}. */
interface Seen {
  width: number;
  /** Of all texts, in pixels. */
  smallest: number;
  /** Texts of a chart or a fact that lie on one another. */
  collisions: string[];
}

/** Runs in the page; a text, as the types of a page are not those of Deno. */
const LOOK = `(() => {
  const texts = [...document.querySelectorAll("text, p, small, dt, dd, td, th, b, h2")]
    .filter((it) => it.textContent !== "" && it.getClientRects().length > 0);
  const scale = (it) => it.getScreenCTM?.().a ?? 1;
  const sizes = texts.map((it) => parseFloat(getComputedStyle(it).fontSize) * scale(it));
  const labels = texts.filter((it) => it.closest("figure, .facts div") !== null);
  const collisions = labels.flatMap((one, i) =>
    labels.slice(i + 1).filter((other) => {
      const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
      const isBeside = a.right <= b.left || b.right <= a.left;
      return !isBeside && a.bottom > b.top + 1 && b.bottom > a.top + 1;
    }).map((other) => one.textContent + " on " + other.textContent)
  );
  return {
    width: document.documentElement.scrollWidth,
    smallest: Math.min(...sizes),
    collisions,
  };
})()`;

Deno.test({
  name: "the page of the benchmark can be read on a phone and on a desk",
  ...NEEDS_CHROMIUM,
  async fn() {
    const browser = await launch();
    try {
      for (const width of [360, 1_280]) {
        const tab = await browser.newPage({ viewport: { width, height: 800 } });
        await tab.setContent(hardPage());
        const seen = await tab.evaluate<Seen>(LOOK);
        assertEquals([seen.width, seen.collisions], [width, []]);
        assert(seen.smallest >= LEAST_PX, `${seen.smallest} px at ${width}`);
      }
    } finally {
      await browser.close();
    }
  },
});
