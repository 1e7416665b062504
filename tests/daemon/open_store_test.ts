import { assertEquals, assertRejects } from "@std/assert";
import { DEFAULTS } from "../../src/core/state/options.ts";
import { chooseStore } from "../../src/daemon/open_store.ts";
import { openMemoryStore } from "../../src/server/memory_store.ts";
import { IGNORE } from "../../src/store/suite/bench.ts";
import "../support/ignore_unpermitted.ts";
import { pure } from "../support/pure.ts";

pure("chooseStore() knows the store in memory", async () => {
  assertEquals(await chooseStore("memory"), openMemoryStore);
});

Deno.test("chooseStore() knows SQLite with a path, and opens it only when asked to", async () => {
  const folder = await Deno.makeTempDir();
  const openStore = await chooseStore(`sqlite:${folder}/chat.db`);
  assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  const store = openStore(IGNORE, DEFAULTS);
  await store.create("a", "Lobby");
  await store.close();
  const files = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals(files.sort(), [
    "chat.db",
    "chat.db-lock",
  ]);
  await Deno.remove(folder, { recursive: true });
});

pure("chooseStore() names what it does not know", async () => {
  for (const name of ["", "disk", "memory:", "sqlite:", "sqlite", "nats:", "nats://", "nats://a"]) {
    await assertRejects(() => chooseStore(name), RangeError, `not ${JSON.stringify(name)}`);
  }
});
