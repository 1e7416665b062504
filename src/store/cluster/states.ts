// This module is pure: no sockets, no clock, no Deno.

/**
 * The lives of a room and of a node, as states and the steps between them. docs/design/cluster.md
 * says when they are taken.
 *
 * @module
 */

/** The next states of each state, by step. A step that a state lacks leaves it as it is. */
export type Life<State extends string, Step extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Step, State>>>>
>;

/** The states of an open room on one node. */
export type RoomState = "opening" | "open" | "released" | "closed";

/** The steps in the life of an open room. */
export type RoomStep = "read" | "release" | "enter" | "close";

/** The life of an open room. */
export const ROOM_LIFE: Life<RoomState, RoomStep> = {
  opening: { read: "open", close: "closed" },
  open: { release: "released", close: "closed" },
  released: { enter: "open", close: "closed" },
  closed: {},
};

/** The states of a node. It works in `working` and `ending`. */
export type NodeState = "cut_off" | "catching_up" | "working" | "ending" | "ended";

/** The steps in the life of a node. */
export type NodeStep = "well" | "caught_up" | "missed" | "trouble" | "close";

/** The life of a node. */
export const NODE_LIFE: Life<NodeState, NodeStep> = {
  cut_off: { well: "catching_up", close: "ended" },
  catching_up: { caught_up: "working", missed: "cut_off", close: "ended" },
  working: { trouble: "cut_off", close: "ending" },
  ending: { trouble: "ended" },
  ended: {},
};

/** Takes a step in a life: returns the next state. */
export function next<State extends string, Step extends string>(
  life: Life<State, Step>,
  state: State,
  step: Step,
): State {
  return life[state][step] ?? state;
}
