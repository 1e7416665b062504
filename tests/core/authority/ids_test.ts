import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import {
  isRoomId,
  isRoomName,
  newClientId,
  newEpoch,
  newLinkId,
  newRoomId,
  normalizeRoomId,
  sameSecret,
} from "../../../src/core/authority/ids.ts";
import { pure } from "../../support/pure.ts";

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

pure("ids are long enough to be unguessable, and use no letter that is read as another", () => {
  const letter = "[0-9a-hjkmnp-tv-z]";
  for (let i = 0; i < 100; i++) {
    // 5 bits a letter: 80, 60, 160 and 40 random bits.
    assertMatch(newRoomId(random), new RegExp(`^${letter}{4}(-${letter}{4}){3}$`));
    assertMatch(newClientId(random), new RegExp(`^${letter}{12}$`));
    assertMatch(newLinkId(random), new RegExp(`^${letter}{8}$`));
    assertMatch(newEpoch(random), new RegExp(`^${letter}{8}$`));
  }
});

pure("normalizeRoomId() undoes how people type, hear and paste an id", () => {
  const id = "k7q2-m9xd-4hw0-r3t1";
  for (
    const typed of [
      id,
      id.toUpperCase(),
      "k7q2m9xd4hw0r3t1",
      " k7q2 m9xd 4hw0 r3t1\n",
      "K7Q2-M9XD-4HWO-R3TI",
      "k7q2-m9xd-4hwo-r3tl",
      "k7-q2-m9-xd-4h-w0-r3-t1",
      // Hyphens that do not break, en and em dashes, minus signs, as word processors and chats put them.
      ..."\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u00ad_".split("")
        .map((hyphen) => id.replaceAll("-", hyphen)),
      // Spaces of all kinds, and what is not to be seen at all.
      ..."\u00a0\u2009\u202f\u3000\u180e\u200b\u200c\u200d\u200e\u2060\ufeff\u202a".split("")
        .flatMap((
          space,
        ) => [id.replaceAll("-", space), `${space}${id}${space}`, id.split("").join(space)]),
      "<k7q2-m9xd-4hw0-r3t1>",
      "“k7q2-m9xd-4hw0-r3t1”.",
      "ｋ７ｑ２－ｍ９ｘｄ－４ｈｗ０－ｒ３ｔ１",
    ]
  ) assertEquals(normalizeRoomId(typed), id, typed);
});

pure("normalizeRoomId() leaves alone what cannot be an id", () => {
  for (
    const text of [
      "",
      "constructor",
      "__proto__",
      "k7q2-m9xd-4hwn-r3t",
      "k7q2-m9xd-4hwn-r3tu",
      "k7q2-m9xd-4hwn-r3tс",
      "k7q2-m9xd-4hwn-r3tc-k",
      "\u2011".repeat(128),
    ]
  ) {
    assertEquals(normalizeRoomId(text), text);
  }
});

pure("normalizeRoomId() changes nothing the second time, whatever it is given", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const once = normalizeRoomId(text);
    assertEquals(normalizeRoomId(once), once);
  }));
});

pure("isRoomId() knows an id only as it is written", () => {
  for (let i = 0; i < 100; i++) assert(isRoomId(newRoomId(random)));
  for (const text of ["", "k7q2m9xd4hwnr3tc", "K7Q2-M9XD-4HWN-R3TC", "k7q2-m9xd-4hwn-r3tc\n"]) {
    assert(!isRoomId(text), text);
  }
});

pure("sameSecret() is equality", () => {
  const texts = fc.string({ maxLength: 4 });
  fc.assert(fc.property(texts, texts, (a, b) => sameSecret(a, b) === (a === b)));
  assert(sameSecret("abc", "abc"));
});

pure("normalizeRoomId() writes the name of a room in one way, whatever its case and width", () => {
  const names = [
    ["#lobby", "#Lobby", "＃ｌｏｂｂｙ", "#LOBBY"],
    ["#strasse", "#Straße", "#STRASSE"],
    ["#σας", "#ΣΑΣ", "#σασ"],
    ["#हिन्दी_2-x", "#हिन्दी_2-X"],
    ["#日本語", "#日本語"],
  ];
  for (const [name = "", ...typed] of names) {
    assert(isRoomName(name), name);
    for (const text of [name, ...typed]) assertEquals(normalizeRoomId(text), name);
  }
});

pure("no name of a room can be taken for an id, or has what nobody sees", () => {
  for (const id of ["#k7q2-m9xd-4hwn-r3tc", "#K7Q2M9XD4HWNR3TC", "#k7q2_m9xd_4hwn_r3tc"]) {
    assertEquals(normalizeRoomId(id), "k7q2-m9xd-4hwn-r3tc");
  }
  const wrong = ["#", "#-a", "#a b", "#a.b", "#a/b", "#a\u200db", "#a\u202eb", "#\u0301a", "lobby"];
  for (const text of [...wrong, `#${"x".repeat(65)}`, '#"', "##a"]) {
    assertEquals([normalizeRoomId(text), isRoomName(text)], [text, false], text);
  }
  assert(isRoomName(`#${"x".repeat(64)}`));
});
