import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Names } from "../../../src/cli/words/names.ts";
import { pure } from "../../support/pure.ts";

/** The labels of people who are in a room together. */
function labels(...people: [id: string, name?: string | undefined][]): string[] {
  const names = new Names();
  for (const [id, name] of people) names.know(id, name);
  return people.map(([id, name]) => names.of(id, name));
}

pure("Names leaves a name alone that nobody else has", () => {
  assertEquals(labels(["k7q2m9xd", "Ana"], ["4hwnr3tc", "Ben Lee"]), ["Ana", "Ben Lee"]);
});

pure("Names puts the end of the id behind names that look alike", () => {
  const alike = ["Ana", "ana", "ＡＮＡ", "An\u200ba", " Ana ", "A\u2060na", "Ana\u202c"];
  for (const name of alike) {
    const [one, other] = labels(["k7q2m9xd", "Ana"], ["4hwnr3tc", name]);
    assertEquals(one, "Ana#m9xd", name);
    assert(other?.endsWith("#r3tc"), name);
  }
  assertEquals(labels(["aaaa", "Straße"], ["bbbb", "STRASSE"]), ["Straße#aaaa", "STRASSE#bbbb"]);
});

pure("Names tells apart what is written with other letters that look the same", () => {
  const alike: [name: string, other: string][] = [
    ["Ana", "Аnа"], // Cyrillic
    ["Ina", "lna"],
    ["Ina", "1na"],
    ["ina", "INA"],
    ["Tom", "Torn"],
    ["Ola", "0la"],
    ["Eva Lee", "Εvа\u2003Lee"], // Greek and Cyrillic
    ["paypal", "раураl"],
    ["Ana", "𝐀𝐧𝐚"],
    ["fine", "ﬁne"],
    ["Zoë", "Zoe\u0308"],
    ["Ana Lee", "Ana\u2800Lee"],
    ["Ana", "Ana\ufffe"], // No character: some terminals leave it out
    ["Ana", "A\ue000na"], // Of private use
    ["Ana", "Ana\u0378"], // Not assigned
    ["Zoë", "Zoe\u0308\u0308"],
    ["ina", "i\u0307na"],
  ];
  for (const [name, other] of alike) {
    const [, label] = labels(["k7q2m9xd", name], ["4hwnr3tc", other]);
    assert(label?.endsWith("#r3tc"), `${name} and ${other}: ${label}`);
  }
  for (const other of ["Anja", "Анна", "Hana", "An", "Änna"]) {
    assertEquals(labels(["k7q2m9xd", "Ana"], ["4hwnr3tc", other]), ["Ana", other]);
  }
});

pure("Names shows as much of an id as tells people apart", () => {
  assertEquals(labels(["aaxd12", "Ana"], ["bbxd12", "Ana"]), ["Ana#axd12", "Ana#bxd12"]);
});

pure("Names lets nobody be called what only looks like a label", () => {
  assertEquals(labels(["k7q2m9xd", "Ana"], ["4hwnr3tc", "Ana#m9xd"])[1], "Ana#m9xd#r3tc");
  for (
    const name of [
      "Ana: hi",
      "Ana： hi",
      "Anaː hi",
      "Ana (you)",
      "Ana♯x7k2",
      "Ana, Ben",
      "You",
      "Υоu",
      "YOU",
      "",
      " ",
      "\u200b",
    ]
  ) {
    assert(labels(["k7q2m9xd", name])[0]?.endsWith("#m9xd"), name);
  }
});

pure("Names calls somebody without a name a guest", () => {
  assertEquals(labels(["k7q2m9xd"], ["4hwnr3tc", "Guest"]), ["guest#m9xd", "Guest#r3tc"]);
  assertEquals(labels(["k7q2m9xd", "guest"]), ["guest"]);
});

pure("Names writes a name in one line, with single spaces", () => {
  assertEquals(
    labels(["k7q2m9xd", "Ana\n  12:00:00 > Ben\u001b[2J"])[0],
    "Ana 12:00:00 > BenU+001B[2J#m9xd",
  );
});

pure("Names forgets who has gone, and what somebody was called before", () => {
  const names = new Names();
  names.know("k7q2m9xd", "Ana");
  names.know("4hwnr3tc", "Ana");
  assertEquals(names.of("k7q2m9xd", "Ana"), "Ana#m9xd");
  names.forget("4hwnr3tc");
  assertEquals(names.of("k7q2m9xd", "Ana"), "Ana");
  assertEquals(names.of("4hwnr3tc", "Ana"), "Ana#r3tc", "Ana is somebody else now");
  names.know("k7q2m9xd", "Eva");
  assertEquals(names.last("k7q2m9xd"), "Eva");
  assertEquals(names.of("4hwnr3tc", "Ana"), "Ana");
});

pure("Names knows a bounded number of people", () => {
  const names = new Names();
  for (let i = 0; i < 5_000; i++) names.know(`id${i}`, "Ana");
  assertEquals(names.last("id2999"), undefined);
  assertEquals(names.last("id4999"), "Ana");
  assert(names.of("id4999", "Ana").startsWith("Ana#"));
  assert(names.of("id", "You").startsWith("You#"), "It never forgets who You is");
});

pure("Names gives no two people in a room the same label", () => {
  const name = fc.option(fc.constantFrom("Ana", "ANA", "Ana#0001", "guest", "a:b", "A：B"), {
    nil: undefined,
  });
  const ids = fc.uniqueArray(fc.stringMatching(/^[01]{6}$/), { maxLength: 12 });
  fc.assert(fc.property(ids, fc.array(name, { minLength: 12, maxLength: 12 }), (ids, all) => {
    const shown = labels(...ids.map((id, i): [string, string | undefined] => [id, all[i]]));
    assertEquals(new Set(shown.map((label) => label.toLowerCase())).size, shown.length);
  }));
});

pure("Names.meet() remembers those who are in the room, and nobody else", () => {
  const names = new Names();
  names.know("k7q2m9xd", "Ana");
  names.know("4hwnr3tc", "Ben");
  names.meet([{ clientId: "4hwnr3tc", name: "Ana" }, { clientId: "x2d8wq0p", name: "You" }]);
  assertEquals([names.last("k7q2m9xd"), names.of("4hwnr3tc", "Ana")], [undefined, "Ana"]);
  assertEquals(names.of("x2d8wq0p", "You"), "You#wq0p");
});

pure("Names.meet() remembers the last of more people than it can know", () => {
  const names = new Names();
  names.meet(Array.from({ length: 10_000 }, (_, i) => ({ clientId: `c${i}`, name: `${i}` })));
  assertEquals([names.last("c8000"), names.last("c8001"), names.last("c9999")], [
    undefined,
    "8001",
    "9999",
  ]);
  assertEquals(names.of("x2d8wq0p", "You"), "You#wq0p");
});
