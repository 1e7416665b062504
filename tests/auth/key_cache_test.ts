import { assertEquals, assertRejects } from "@std/assert";
import { KeyCache } from "../../src/auth/key_cache.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { pure } from "../support/pure.ts";

/** A cache of an issuer that serves these `kid`s, or nothing. */
class CacheBench {
  now = 0;
  kids: string[] | undefined = ["a"];
  loads = 0;
  readonly troubles: unknown[] = [];
  readonly cache = new KeyCache({
    load: () => {
      this.loads++;
      if (this.kids === undefined) return Promise.reject(new Error("503"));
      const keys = this.kids.map((kid) => ({ kty: "OKP", crv: "Ed25519", x: "eHg", kid }));
      return Promise.resolve(JSON.stringify({ keys }));
    },
    now: () => this.now,
    troubled: (error) => this.troubles.push(error),
  });

  async find(kid?: string): Promise<string[]> {
    return (await this.cache.find("EdDSA", kid)).map(({ kid = "" }) => kid);
  }
}

pure("keys are loaded once, by all who wait for them together", async () => {
  const bench = new CacheBench();
  const found = await Promise.all([bench.find("a"), bench.find("a"), bench.find("b")]);
  assertEquals([found, bench.loads], [[["a"], ["a"], []], 1]);
});

pure("a kid that is unknown loads again at most once in 30 seconds", async () => {
  const bench = new CacheBench();
  await bench.find("a");
  bench.kids = ["a", "b"];
  bench.now = 29_999;
  assertEquals([await bench.find("b"), bench.loads], [[], 1]);
  bench.now = 30_000;
  assertEquals([await bench.find("b"), bench.loads], [["b"], 2]);
  for (let i = 0; i < 100; i++) await bench.find(`made up ${i}`);
  assertEquals(bench.loads, 2);
});

pure("a key that was taken out ends within five minutes", async () => {
  const bench = new CacheBench();
  await bench.find("a");
  bench.kids = ["b"];
  bench.now = 299_999;
  assertEquals(await bench.find("a"), ["a"]);
  bench.now = 300_000;
  assertEquals(await bench.find("a"), []);
});

pure("the last good set holds while there is no other", async () => {
  const bench = new CacheBench();
  await bench.find("a");
  bench.kids = undefined;
  bench.now = 86_400_000;
  assertEquals([await bench.find("a"), await bench.find("a"), bench.loads], [["a"], ["a"], 2]);
  assertEquals(bench.troubles.length, 1);
  bench.kids = [];
  bench.now += 30_000;
  assertEquals([await bench.find("a"), bench.troubles.length], [["a"], 2]);
});

pure("without any set nobody is told that a key is wrong", async () => {
  const bench = new CacheBench();
  bench.kids = undefined;
  const error = await assertRejects(() => bench.find("a"), ChatError);
  assertEquals([error.code, error.retryAfterMs], ["unavailable", 2_000]);
  bench.kids = ["a"];
  bench.now = 2_000;
  assertEquals(await bench.find("a"), ["a"]);
});

pure("without a kid all keys of the algorithm count", async () => {
  const bench = new CacheBench();
  bench.kids = ["a", "b"];
  assertEquals(await bench.find(), ["a", "b"]);
  assertEquals(await bench.cache.find("RS256", undefined), []);
});
