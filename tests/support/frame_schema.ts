/**
 * The published schema of the frames, ready to check with: as it is, for what others may send,
 * and closed, for what this project says, which is to be all in it.
 *
 * @module
 */

import { Ajv2020, type AnySchemaObject, type ValidateFunction } from "ajv/dist/2020.js";
import schema from "../../protocol.schema.json" with { type: "json" };

/** The frames of one dialect in one direction, as the schema calls them. */
export type FrameSet =
  | "v1_client_frame"
  | "v1_server_frame"
  | "plain_client_frame"
  | "plain_server_frame";

/** A schema that is an object; the keywords that ours has. */
export interface SchemaObject {
  description?: string;
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  items?: SchemaObject;
  properties?: Record<string, SchemaObject>;
  required?: string[];
  additionalProperties?: SchemaObject;
  anyOf?: SchemaObject[];
  oneOf?: SchemaObject[];
}

/** The parts of the schema, by name. */
export const DEFS: Readonly<Record<string, SchemaObject>> = schema.$defs;

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
ajv.addSchema(schema, "open");
ajv.addSchema(closed(schema) as AnySchemaObject, "closed");

/** Says whether a frame is one of these, whatever else is in it. */
export function fits(set: FrameSet, frame: unknown): boolean {
  return validator("open", set)(frame);
}

/** Which parts of the schema a frame is, if nothing may be in it that is not in the schema; one where all is well. */
export function kindsOf(set: FrameSet, frame: unknown): string[] {
  return kindsIn(set).filter((kind) => validator("closed", kind)(frame));
}

/** The names of the frames in a set. */
export function kindsIn(set: FrameSet): string[] {
  const { anyOf = [], oneOf = [] } = DEFS[set]!;
  return [...anyOf, ...oneOf].map(({ $ref = "" }) => partOf($ref));
}

/** Names the part of the schema that a reference leads to. */
export function partOf($ref: string): string {
  return $ref.slice("#/$defs/".length);
}

function validator(version: "open" | "closed", part: string): ValidateFunction {
  const found = ajv.getSchema(`${version}#/$defs/${part}`);
  if (found === undefined) throw new RangeError(`There is no ${part} in the schema`);
  return found;
}

/** The same schema in which no object may have a field that is not named. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  // A part named `properties` would be one of these too: there is none.
  return "properties" in copy ? { ...copy, additionalProperties: false } : copy;
}
