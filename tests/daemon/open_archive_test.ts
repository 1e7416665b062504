import { assertEquals, assertRejects } from "@std/assert";
import { parseServerFlags, type ServerSettings } from "../../src/daemon/flags/flags.ts";
import { openSource, openTarget } from "../../src/daemon/open_archive.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FOLDER = tempFolder();

function settings(store: string): ServerSettings {
  return parseServerFlags(["--store", store], {}) as ServerSettings;
}

Deno.test("the name of a store says where rooms come from and go to", async () => {
  const place = settings(`sqlite:${FOLDER}/chat.db`);
  const target = await openTarget(place, () => {});
  assertEquals(await target.look("a"), "free");
  await target.close();
  const source = await openSource(place, () => {});
  assertEquals(await Array.fromAsync(source.rooms()), []);
  await source.close();
});

Deno.test("a store that keeps nothing has no rooms to carry", async () => {
  for (const open of [openSource, openTarget]) {
    await assertRejects(() => open(settings("memory"), () => {}), RangeError, "--store must be");
  }
});
