import { assertEquals } from "@std/assert";
import { readmeChart } from "../../bench/readme_chart.ts";
import { benchPicture } from "../../tools/bench_picture.ts";
import "../support/ignore_unpermitted.ts";
import { pure } from "../support/pure.ts";

function run(server: string, perCpuSecond: number, status: "ok" | "void" = "ok") {
  return { server, shape: "rooms", status, perCpuSecond };
}

pure("the chart of the README has a bar for each median of the runs that count", () => {
  const runs = [100, 300, 200].map((value) => run("Parley", value));
  const svg = readmeChart([
    ...runs,
    run("a & b", 400),
    run("a & b", 9, "void"),
    run("c", 1, "void"),
  ]);
  const bars = svg.matchAll(/end">(.*?)<.*?class="(\w+)" .*?width="([\d.]+)".*?>(\d+)<\/text>/g);
  assertEquals([...bars].map(([, ...bar]) => bar), [
    ["a &amp; b", "other", "230", "400"],
    ["Parley", "ours", "115", "200"],
  ]);
});

Deno.test("the chart of the README is made of the results that are kept", async () => {
  const kept = await Deno.readTextFile(new URL("../../docs/benchmark.svg", import.meta.url));
  assertEquals(kept, await benchPicture(), "Run: deno task picture:bench");
});
