import { assertEquals } from "@std/assert";
import { joinEmptyValues } from "../src/arguments.ts";

Deno.test("an empty value goes with its flag, and nothing else is changed", () => {
  const join = (...args: string[]) => joinEmptyValues(args, ["name", "url"]);
  assertEquals(join("--name", ""), ["--name="]);
  assertEquals(join("--name", "", "--url", "", "x"), ["--name=", "--url=", "x"]);
  assertEquals(join("--name", "Ana", "", "--json", ""), ["--name", "Ana", "", "--json", ""]);
  assertEquals(join("", "--name"), ["", "--name"]);
});
