import { assertEquals, assertRejects } from "@std/assert";
import { chooseStore, openMemoryStore } from "../src/choose_store.ts";
import { pure } from "./pure.ts";

pure("chooseStore() knows the store in memory", async () => {
  assertEquals(await chooseStore("memory"), openMemoryStore);
});

pure("chooseStore() names what it does not know", async () => {
  for (const name of ["", "disk", "memory:"]) {
    await assertRejects(() => chooseStore(name), RangeError, `not ${JSON.stringify(name)}`);
  }
});
