import { assertEquals } from "@std/assert";
import { higher, isRole, lower, rankOf, ROLES } from "../../src/protocol/roles.ts";
import { pure } from "../support/pure.ts";

pure("roles are in order, from none to owner", () => {
  assertEquals(ROLES.map(rankOf), [0, 1, 2, 3, 4]);
  for (const [i, a] of ROLES.entries()) {
    for (const [j, b] of ROLES.entries()) {
      assertEquals([higher(a, b), lower(a, b)], i >= j ? [a, b] : [b, a]);
    }
  }
});

pure("isRole() takes the five roles and nothing else", () => {
  assertEquals(ROLES.map(isRole), ROLES.map(() => true));
  for (const other of ["", "Owner", "admin", 4, null, undefined, ["owner"]]) {
    assertEquals(isRole(other), false);
  }
});
