import { assert, assertEquals } from "@std/assert";
import { type CheckedLink, Links } from "../../../src/core/authority/links.ts";
import { type Caveat, encodeLink, readLink } from "../../../src/protocol/links.ts";
import type { Role } from "../../../src/protocol/roles.ts";
import { linkSigner } from "../../../src/server/token_signer.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { pure } from "../../support/pure.ts";

const ROOM = "k7q2-m9xd-4hwn-r3tc";
const signer = linkSigner("the secret of the tests");
const links = new Links(signer);

/** The terms of a link that is one. */
function taken(link: string, person = "ana", by = links): CheckedLink {
  const checked = by.check(link, ROOM, person);
  assert(!(checked instanceof ChatError), link);
  return checked;
}

/** The code and the text with which a link is refused. */
function refusal(link: string, person = "ana", room = ROOM, by = links): string[] {
  const checked = by.check(link, room, person);
  assert(checked instanceof ChatError, link);
  return [checked.code, checked.message];
}

const INVALID = ["link_invalid", `This is no link into room ${ROOM}`];

/** Narrows a link as anybody can who has it. */
function narrowed(link: string, caveat: string): string {
  const { id, caveats, signature } = readLink(link)!;
  return encodeLink({
    id,
    caveats: [...caveats, caveat],
    signature: signer.next(signature, caveat),
  });
}

pure("a link that was made says what it gives", () => {
  assertEquals(taken(links.make(ROOM, "owner"), "ana"), {
    ...{ id: "owner", role: "owner", until: undefined, counts: {} },
  });
  const terms: Caveat[] = [{ role: "member" }, { exp: 1_800_000_000 }, { uses: 5 }, { to: "ana" }];
  const { counts, ...rest } = taken(links.make(ROOM, "k3j2h1g0", ...terms), "ana");
  assertEquals(rest, { id: "k3j2h1g0", role: "member", until: 1_800_000_000_000 });
  assertEquals(Object.values(counts), [5]);
});

pure("a link is one into its own room only, under its own key only", () => {
  const link = links.make(ROOM, "owner");
  const other = "aaaa-aaaa-aaaa-aaaa";
  assertEquals(refusal(link, "ana", other), [
    "link_invalid",
    `This is no link into room ${other}`,
  ]);
  const elsewhere = new Links(linkSigner("another secret of the tests"));
  assertEquals(refusal(link, "ana", ROOM, elsewhere), INVALID);
});

pure("caveats add up to the least of all, in whatever order", () => {
  let link = links.make(ROOM, "k3j2h1g0", { role: "moderator" }, { exp: 2_000 });
  for (const caveat of ["role=reader", "exp=1000", "id=a1", "role=owner", "exp=3000", "id=b2"]) {
    link = narrowed(link, caveat);
  }
  assertEquals(taken(link, "ana"), {
    ...{ id: "k3j2h1g0.a1.b2", role: "reader", until: 1_000_000, counts: {} },
  });
});

pure("uses are counted by a name for each place, the same for all that was made of it", () => {
  const parent = links.make(ROOM, "k3j2h1g0", { uses: 5 });
  const child = narrowed(narrowed(parent, "id=a1"), "uses=2");
  const sibling = narrowed(narrowed(parent, "id=b2"), "uses=2");
  const countsOf = (link: string) => taken(link, "ana").counts;
  const [own] = Object.keys(countsOf(parent));
  assertEquals(Object.values(countsOf(child)), [5, 2]);
  assertEquals(countsOf(child)[own!], 5);
  const names = new Set([...Object.keys(countsOf(child)), ...Object.keys(countsOf(sibling))]);
  assertEquals(names.size, 3, "each has a counter of its own besides that of the parent");
  for (const name of names) assert(!child.includes(name), "a counter tells nothing of the link");
});

pure("a link for somebody is for nobody else, and two such caveats are for nobody", () => {
  const link = links.make(ROOM, "k3j2h1g0", { to: "Ana.Müller @ work" });
  assertEquals(taken(link, "Ana.Müller @ work").role, "owner");
  const elsewhere = ["link_invalid", "The link is for somebody else"];
  assertEquals(refusal(link, "ben"), elsewhere);
  const both = narrowed(link, "to=ben");
  for (const person of ["ben", "Ana.Müller @ work"]) {
    assertEquals(refusal(both, person), elsewhere);
  }
});

pure("a link that was changed in any way is none", () => {
  const link = links.make(ROOM, "k3j2h1g0", { role: "member" }, { uses: 5 });
  const [id, role, uses, signature] = link.split(".");
  const wrong = [
    [id, role, signature],
    [id, uses, role, signature],
    [id, "role=owner", uses, signature],
    [id, role, "uses=6", signature],
    ["owner", role, uses, signature],
    [id, role, uses, `${signature!.slice(0, -1)}${signature!.endsWith("0") ? "1" : "0"}`],
    [id, role, uses, "role=member", signature],
    [id, role, uses],
    [signature],
  ];
  for (const parts of wrong) {
    assertEquals(refusal(parts.join("."), "ana"), INVALID);
  }
});

pure("a caveat that nobody knows, or in another spelling, lets nobody in", () => {
  const link = links.make(ROOM, "owner");
  const wrong = [
    ...["role=none", "role=Owner", "role", "=", "", "exp=-1", "exp=01", "exp=1e9", "exp=", "to=%"],
    ...[
      "uses=0",
      "uses=1001",
      "uses=1_0",
      "id=A",
      "id=",
      "id=12345678901234567",
      "to=%41",
      "ida",
      "x=1",
    ],
  ];
  for (const caveat of wrong) {
    assertEquals(refusal(narrowed(link, caveat), "ana"), INVALID, caveat);
  }
  let long = link;
  for (let i = 0; i < 17; i++) long = narrowed(long, "role=member");
  assertEquals(refusal(long, "ana"), INVALID);
});

/** The vectors of PROTOCOL.md, for implementations in other languages. */
const VECTORS: readonly { caveats: readonly string[]; signature: string }[] = [
  { caveats: [], signature: "be2s3zacz3x17p2yqp699s8mw3h586r7" },
  { caveats: ["role=member"], signature: "rc81j9cpgn1q8gvg8rvjkbgy1v7htj8m" },
  { caveats: ["role=member", "exp=1800000000"], signature: "bxhjd6w3vwnm59r67v5v1drp47vqp8eq" },
  {
    caveats: ["role=member", "exp=1800000000", "to=Ana%2EM"],
    signature: "rqx6bad293kdg70y57bhyw23aa6m6rzf",
  },
];

pure("signatures are those of the fixed vectors", () => {
  assertEquals(signer.first(ROOM, "owner"), VECTORS[0]!.signature);
  let signature = signer.first(ROOM, "owner");
  for (const vector of VECTORS.slice(1)) {
    signature = signer.next(signature, vector.caveats.at(-1)!);
    assertEquals(signature, vector.signature);
    assertEquals(
      taken(encodeLink({ id: "owner", ...vector }), "Ana.M").role,
      "member" satisfies Role,
    );
  }
});
