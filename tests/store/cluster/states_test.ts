import { assertEquals } from "@std/assert";
import {
  type Life,
  next,
  NODE_LIFE,
  type NodeState,
  type NodeStep,
  ROOM_LIFE,
  type RoomState,
} from "../../../src/store/cluster/states.ts";
import { pure } from "../../support/pure.ts";

/** Finds the states that steps lead to from `start`, which is one of them. */
function reached<State extends string, Step extends string>(
  life: Life<State, Step>,
  start: State,
): Set<State> {
  const found = new Set([start]);
  for (const state of found) {
    for (const after of Object.values<State>(life[state] as Record<Step, State>)) found.add(after);
  }
  return found;
}

function walk(...steps: NodeStep[]): NodeState {
  return steps.reduce<NodeState>((state, step) => next(NODE_LIFE, state, step), "cut_off");
}

pure("each state of a room and of a node can be reached, and each leads to the end", () => {
  const rooms = Object.keys(ROOM_LIFE) as RoomState[];
  assertEquals([...reached(ROOM_LIFE, "opening")].sort(), rooms.sort());
  for (const state of rooms) assertEquals(reached(ROOM_LIFE, state).has("closed"), true);
  const nodes = Object.keys(NODE_LIFE) as NodeState[];
  assertEquals([...reached(NODE_LIFE, "cut_off")].sort(), nodes.sort());
  for (const state of nodes) assertEquals(reached(NODE_LIFE, state).has("ended"), true);
});

pure("nothing follows the end", () => {
  assertEquals([ROOM_LIFE.closed, NODE_LIFE.ended], [{}, {}]);
  for (const step of ["read", "release", "enter", "close"] as const) {
    assertEquals(next(ROOM_LIFE, "closed", step), "closed");
  }
});

pure("a node that was in trouble works only after it has caught up", () => {
  assertEquals(walk("well"), "catching_up");
  assertEquals(walk("well", "trouble", "well", "missed"), "cut_off");
  assertEquals(walk("well", "caught_up", "trouble", "caught_up"), "cut_off");
  assertEquals(walk("well", "caught_up", "trouble", "well", "caught_up"), "working");
});

pure("a node that ends while it works goes on working until there is trouble", () => {
  assertEquals(walk("well", "caught_up", "close", "well"), "ending");
  assertEquals(walk("well", "caught_up", "close", "trouble"), "ended");
  assertEquals([walk("close"), walk("well", "close", "caught_up")], ["ended", "ended"]);
});

pure("a room that nobody was in is open again once somebody comes", () => {
  let state: RoomState = "opening";
  const states = (["enter", "read", "release", "read", "enter", "close"] as const)
    .map((step) => state = next(ROOM_LIFE, state, step));
  assertEquals(states, ["opening", "open", "released", "released", "open", "closed"]);
});
