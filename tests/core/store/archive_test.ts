import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { aboutIn, renumbered, SeqMap } from "../../../src/core/store/archive.ts";
import { encodeEntry } from "../../../src/protocol/encode.ts";

const said = { at: 1, from: "ana", n: 1, name: undefined } as const;

Deno.test("a map of places gives every entry the one that it got, and nobody else one", () => {
  const hops = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })));
  fc.assert(fc.property(hops, fc.integer({ min: 0, max: 9 }), (hops, start) => {
    const map = new SeqMap();
    const places = new Map<number, number>();
    let [old, now] = [start, 5];
    for (const [byOld, byNow] of hops) {
      map.add(old += byOld, now += byNow);
      places.set(old, now);
    }
    let upTo = 0;
    for (let seq = 0; seq <= old + 2; seq++) {
      const place = places.get(seq);
      if (place === undefined) assertEquals([...places.values()].includes(map.of(seq)), false);
      else assertEquals(map.of(seq), upTo = place);
      if (upTo > 0) assertEquals(map.upTo(seq), upTo);
    }
  }));
});

Deno.test("an entry gets another number, and so does what it is about", () => {
  const places = new SeqMap();
  places.add(7, 3);
  const body = 'nothing is about ,"re":7 here';
  const plain = encodeEntry(8, { ...said, body });
  assertEquals(aboutIn(plain), undefined);
  assertEquals(renumbered({ seq: 8, text: plain }, 4, places), encodeEntry(4, { ...said, body }));
  const data = '{"re":7,"big":1e400}';
  const answer = encodeEntry(8, { ...said, body, re: 7, data });
  assertEquals(
    renumbered({ seq: 8, text: answer }, 4, places),
    encodeEntry(4, { ...said, body, re: 3, data }),
  );
});

Deno.test("an answer to what can be nowhere is a message, and a change of it is void", () => {
  const places = new SeqMap();
  places.add(5, 1);
  const answer = encodeEntry(6, { ...said, body: "yes", re: 2 });
  assertEquals(
    renumbered({ seq: 6, text: answer }, 2, places),
    encodeEntry(2, { ...said, body: "yes" }),
  );
  const edit = encodeEntry(6, { ...said, re: 2, edit: "no" });
  assertEquals(
    renumbered({ seq: 6, text: edit }, 2, places),
    '{"seq":2,"at":1,"event":"void","from":""}',
  );
});
