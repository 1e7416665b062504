import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { LinkList, type LinkUse } from "../../../src/core/authority/link_list.ts";
import { pure } from "../../support/pure.ts";

const use = (id: string, rest: Partial<LinkUse> = {}): LinkUse => ({ id, role: "member", ...rest });

/** The list of a new room with one more link, for moderators. */
const LIST = LinkList.first.withLink({ id: "k3", role: "moderator", until: 1_000 }, 0);

pure("a room begins with its owner link", () => {
  assertEquals(LinkList.first.infos("owner", 0), [{ id: "owner", role: "owner" }]);
  assertEquals(LinkList.first.roleBy(use("owner", { role: "owner" }), 0), "owner");
  assertEquals(LinkList.first.toJSON(), undefined);
});

pure("a link gives no greater role than it was made for, until its end or that of the use", () => {
  assertEquals(LIST.roleBy(use("k3", { role: "owner" }), 999), "moderator");
  assertEquals(LIST.roleBy(use("k3"), 999), "member");
  assertEquals(LIST.roleBy(use("k3"), 1_000), undefined);
  assertEquals(LIST.roleBy(use("owner", { until: 5 }), 4), "member");
  assertEquals(LIST.roleBy(use("owner", { until: 5 }), 5), undefined);
  assertEquals(LIST.roleBy(use("unknown"), 0), undefined);
});

pure("who came by a link has its role for as long as it counts", () => {
  const list = LIST.withUse("ana", use("k3.a1", { role: "moderator" }), true);
  assertEquals([0, 1_000].map((at) => list.roleOf("ana", at)), ["moderator", undefined]);
  assertEquals(list.without("k3").roleOf("ana", 0), undefined);
  assertEquals(list.without("k3.a1").roleOf("ana", 0), undefined);
  assertEquals(list.without("k3.b2").roleOf("ana", 0), "moderator");
  assertEquals(list.without("owner").roleOf("ana", 0), "moderator");
});

pure("a link that has ended counts no more, nor what was made of it; others of its kind do", () => {
  const list = LIST.without("owner.a1");
  assertEquals(list.roleBy(use("owner.a1"), 0), undefined);
  assertEquals(list.roleBy(use("owner.a1.b2"), 0), undefined);
  assertEquals(list.roleBy(use("owner.b2"), 0), "member");
  assertEquals(list.roleBy(use("owner"), 0), "member");
  assertEquals(list.without("owner").roleBy(use("owner.b2"), 0), undefined);
  assertStrictEquals(LIST.without("unknown"), LIST);
});

pure("uses are counted for each counter, and once more than allowed is too many", () => {
  let list = LIST.withLink({ id: "m1", role: "member", uses: 2 }, 0);
  const counted = use("m1", { counts: { c1: 2 } });
  assertEquals(
    [...Array(3)].map((_, i) => {
      const full = list.isUsedUp(`p${i}`, counted);
      if (!full) list = list.withUse(`p${i}`, counted, true);
      return full;
    }),
    [false, false, true],
  );
  assert(!list.isUsedUp("p0", counted), "it has come already");
  assertEquals(list.withUse("p0", counted, true).infos("member", 0)[0]?.used, 2);
  assert(list.isUsedUp("new", use("m1.a1", { counts: { c1: 2, c2: 1 } })), "that of its parent");
  assert(!list.isUsedUp("new", use("m1.a1", { counts: { c3: 1 } })));
  assertEquals(list.infos("member", 0), [{ id: "m1", role: "member", uses: 2, used: 2 }]);
});

pure("a link has a bound of counters: whatever would need another one is used up", () => {
  let list = LIST;
  for (let i = 0; i < 256; i++) {
    list = list.withUse(`p${i}`, use("owner", { counts: { [`c${i}`]: 1 } }), true);
  }
  assert(list.isUsedUp("new", use("owner", { counts: { more: 1 } })));
  assert(!list.isUsedUp("new", use("owner")));
});

pure("of too many who came by links the first is forgotten", () => {
  let list = LIST;
  for (let i = 0; i <= 4_096; i++) list = list.withUse(`p${i}`, use("owner"), true);
  assertEquals(["p0", "p1", "p4096"].map((who) => list.roleOf(who, 0)), [
    undefined,
    "member",
    "member",
  ]);
});

pure(
  "of those who came to read only nobody is forgotten: as everybody else they could do more",
  () => {
    let list = LIST;
    const reads = use("owner", { role: "reader" });
    for (let i = 0; i < 4_096; i++) list = list.withUse(`p${i}`, reads, true);
    assert(list.hasReaders);
    assertEquals(["new", "p0"].map((who) => list.isUsedUp(who, use("owner"))), [true, false]);
    const speaks = list.withUse("p7", use("owner"), true);
    assert(!speaks.isUsedUp("new", use("owner")));
    const next = speaks.withUse("new", reads, true);
    assertEquals(["p0", "p7", "new"].map((who) => next.cameFor(who)), [
      "reader",
      undefined,
      "reader",
    ]);
  },
);

pure("a room has 64 links, and those that have ended leave their places", () => {
  let list = LIST;
  for (let i = 0; list.hasPlace; i++) list = list.withLink({ id: `l${i}`, role: "member" }, 0);
  assertEquals(list.infos("owner", 0).length, 64);
  assertEquals(list.infos("member", 0).length, 62);
  assertEquals(list.withLink({ id: "next", role: "member" }, 2_000).infos("owner", 0).length, 64);
});

pure("a ban of somebody of whom nothing is proved ends the link, unless that is as strong", () => {
  const by = (id: string, unproven = true) => LIST.withUse("eve", use(id), unproven);
  const links = (list: LinkList) => list.infos("owner", 0).map(({ id }) => id);
  assertEquals(links(by("k3").withoutGuest("eve", "owner")), ["owner"]);
  assertEquals(links(by("k3").withoutGuest("eve", "moderator")), ["owner", "k3"]);
  assertEquals(links(by("owner").withoutGuest("eve", "owner")), ["owner", "k3"]);
  assertEquals(links(by("k3", false).withoutGuest("eve", "owner")), ["owner", "k3"]);
  const part = by("owner.a1").withoutGuest("eve", "moderator");
  assertEquals(["owner.a1", "owner.b2"].map((id) => part.roleBy(use(id), 0)), [
    undefined,
    "member",
  ]);
  assertStrictEquals(LIST.withoutGuest("nobody", "owner"), LIST);
});

pure("a list is the same after it was kept", () => {
  const list = LIST.withUse("ana", use("k3", { until: 5, counts: { c1: 3 } }), true)
    .withUse("ben", use("owner"), false).without("owner.a1");
  const again = LinkList.from(JSON.parse(JSON.stringify(list)));
  assertEquals(again.toJSON(), list.toJSON());
  const none = LinkList.from(JSON.parse(JSON.stringify(LinkList.first.without("owner"))));
  assertEquals(none.infos("owner", 0), []);
});
