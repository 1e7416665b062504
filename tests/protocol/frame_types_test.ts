import { assert, assertEquals } from "@std/assert";
import { DEFS, partOf, type SchemaObject } from "../support/frame_schema.ts";
import "../support/ignore_unpermitted.ts";

/** A type in the words of `deno doc --json`. */
interface DocType {
  kind: string;
  value: unknown;
  repr?: string;
}

interface TypeRef {
  typeName: string;
  typeParams?: DocType[];
}

interface DocSymbol {
  name: string;
  declarations: {
    def: {
      tsType?: DocType;
      properties?: { name: string; optional?: boolean; tsType: DocType }[];
      extends?: DocType[];
    };
  }[];
}

/** A type or a schema in the same words: what is in an object, and what else may be where. */
type Shape = string | { [field: string]: Shape };

/** The frames of `src/protocol/frames.ts`, and what the schema calls them: a reply that says yes is one of several. */
const FRAMES: Record<string, string[]> = {
  ConnectedFrame: ["connected"],
  SuccessFrame: [
    "entered",
    "page",
    "rooms_listed",
    "marked",
    "left",
    "renamed",
    "renewed",
    "revoked",
    "moderated",
    "linked",
    "link_list",
    "repeated",
  ],
  ErrorFrame: ["refused"],
  MembersFrame: ["members"],
  RolesFrame: ["roles"],
  RemovedFrame: ["removed"],
  EntriesFrame: ["entries"],
  GapFrame: ["gap"],
  TypingEvent: ["typing_event"],
  ReadEvent: ["read_event"],
  GoodbyeFrame: ["goodbye"],
  ExpiringEvent: ["expiring"],
  PingEvent: ["ping_event"],
  PongEvent: ["pong_event"],
};

Deno.test("the types of what a server says have the fields of the schema", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "doc",
      "--json",
      "src/protocol/frames.ts",
      "src/protocol/errors.ts",
      "src/protocol/moderation.ts",
      "src/protocol/roles.ts",
    ],
    cwd: new URL("../../", import.meta.url),
    stderr: "null",
  }).output();
  assertEquals(code, 0);
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<string, { symbols: DocSymbol[] }>;
  };
  const symbols = new Map(
    Object.values(nodes).flatMap(({ symbols }) => symbols.map((symbol) => [symbol.name, symbol])),
  );

  function shapeOf(type: DocType): Shape {
    switch (type.kind) {
      case "keyword":
        return String(type.value);
      case "literal": {
        const literal = type.value as Record<string, unknown>;
        return JSON.stringify(literal[String(literal.kind)]);
      }
      case "union":
        return oneOf((type.value as DocType[]).map(shapeOf));
      case "array":
        return `list of ${text(shapeOf(type.value as DocType))}`;
      case "typeRef": {
        const { typeName, typeParams = [] } = type.value as TypeRef;
        if (typeName === "Record") return `record of ${text(shapeOf(typeParams[1]!))}`;
        return named(typeName);
      }
      default:
        throw new TypeError(`A frame holds a type that is ${type.kind}`);
    }
  }

  function named(name: string): Shape {
    const { tsType, properties = [], extends: parents = [] } =
      symbols.get(name)?.declarations[0]?.def ?? {};
    if (tsType !== undefined) return shapeOf(tsType);
    const own = properties.map(({ name, optional, tsType }): [string, Shape] => [
      optional ? `${name}?` : name,
      shapeOf(tsType),
    ]);
    assert(own.length > 0, name);
    return Object.assign({}, ...parents.map(shapeOf), Object.fromEntries(own));
  }

  const { tsType } = symbols.get("ServerFrame")!.declarations[0]!.def;
  const all = namesIn(tsType!);
  assertEquals(all.toSorted(), Object.keys(FRAMES).toSorted());
  assertEquals(
    Object.values(FRAMES).flat().toSorted(),
    DEFS.v1_server_frame!.anyOf!.map(({ $ref = "" }) => partOf($ref)).toSorted(),
  );
  for (const [type, parts] of Object.entries(FRAMES)) {
    assertEquals(named(type), merged(parts.map((part) => shapeOfSchema(DEFS[part]!))), type);
  }
});

/** The names of the types that a type is put together from, however they stand in it. */
function namesIn({ kind, value }: DocType): string[] {
  if (kind === "typeRef") return [(value as { typeName: string }).typeName];
  if (kind === "parenthesized") return namesIn(value as DocType);
  return Array.isArray(value) ? (value as DocType[]).flatMap(namesIn) : [];
}

/** A part of the schema in the words of types: numbers are numbers, and texts are texts. */
function shapeOfSchema(part: SchemaObject): Shape {
  const { $ref, type, properties, required = [], items, anyOf, enum: values } = part;
  const { additionalProperties } = part;
  if ($ref !== undefined) return shapeOfSchema(DEFS[partOf($ref)]!);
  if ("const" in part) return JSON.stringify(part.const);
  if (values !== undefined) return oneOf(values.map((value) => JSON.stringify(value)));
  if (anyOf !== undefined) return oneOf(anyOf.map(shapeOfSchema));
  if (type === undefined && properties === undefined) return "unknown";
  if (items !== undefined) return `list of ${text(shapeOfSchema(items))}`;
  if (additionalProperties !== undefined) {
    return `record of ${text(shapeOfSchema(additionalProperties))}`;
  }
  if (properties === undefined) {
    return oneOf([type ?? []].flat().map((name) => name === "integer" ? "number" : name));
  }
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [
      required.includes(name) ? name : `${name}?`,
      shapeOfSchema(field),
    ]),
  );
}

/** Several kinds of a frame as one type: what not all of them have is optional. */
function merged(shapes: Shape[]): Shape {
  const kinds = shapes as { [field: string]: Shape }[];
  if (kinds.length === 1) return kinds[0]!;
  const names = new Set(kinds.flatMap((kind) => Object.keys(kind).map((name) => bare(name))));
  return Object.fromEntries([...names].map((name) => {
    const found = kinds.flatMap((kind) => kind[name] ?? kind[`${name}?`] ?? []);
    assertEquals(new Set(found.map(text)).size, 1, name);
    return [kinds.every((kind) => name in kind) ? name : `${name}?`, found[0]!];
  }));
}

function bare(field: string): string {
  return field.replace("?", "");
}

function oneOf(shapes: Shape[]): string {
  return shapes.map(text).toSorted().join(" or ");
}

/** A shape as a text that is the same for the same shape. */
function text(shape: Shape): string {
  if (typeof shape === "string") return shape;
  const fields = Object.keys(shape).toSorted().map((name) => `${name}: ${text(shape[name]!)}`);
  return `{ ${fields.join(", ")} }`;
}
