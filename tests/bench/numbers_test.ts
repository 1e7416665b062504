import { assertEquals } from "@std/assert";
import { fixed, mebibytes, ms, percent, rounded, short } from "../../bench/numbers.ts";
import "../support/ignore_unpermitted.ts";
import { pure } from "../support/pure.ts";

pure("numbers are as exact as they are interesting", () => {
  assertEquals([0.123, 1.239, 12.39, 123.9].map(ms), ["0.12 ms", "1.24 ms", "12.4 ms", "124 ms"]);
  assertEquals([0.68 - 1e-16, 3, 1e6 / 3].map(rounded), [0.68, 3, 333_333.3333]);
  assertEquals([0, 12.345, 999, 1_234.5, 12_345, 1_234_567].map(short), [
    ...["0", "12.3", "999", "1,235", "12.3k", "1.23M"],
  ]);
  assertEquals([percent(0.256), percent(0.0021, 2), fixed(2, 1), mebibytes(1e8)], [
    ...["26 %", "0.21 %", "2.0", "95 MiB"],
  ]);
});

pure("what is no number is a dash", () => {
  const all = [ms, percent, short, (value: number) => fixed(value, 1)];
  assertEquals(all.map((format) => format(NaN)), ["–", "–", "–", "–"]);
});

Deno.test("no other file of the benchmark writes numbers in its own way", () => {
  const folder = new URL("../../bench/", import.meta.url);
  const own = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".ts") && name !== "numbers.ts" &&
    /\.(toFixed|toPrecision|toLocaleString)\(/.test(Deno.readTextFileSync(new URL(name, folder)))
  );
  assertEquals(own, []);
});
