// The modules that a shader is linked from: its own file and the modules of shaders/common that it imports, found as
// the linker asks for them, with their repetitions expanded.

import { type ModuleResolver, parseSrcModule, type WeslAST } from "wesl/core";
import activation from "../../shaders/common/activation.wesl";
import activationGradient from "../../shaders/common/activation_gradient.wesl";
import bilinear from "../../shaders/common/bilinear.wesl";
import divide from "../../shaders/common/divide.wesl";
import elementWise from "../../shaders/common/element_wise.wesl";
import gelu from "../../shaders/common/gelu.wesl";
import indexing from "../../shaders/common/indexing.wesl";
import lanes from "../../shaders/common/lanes.wesl";
import matrixProduct from "../../shaders/common/matrix_product.wesl";
import moments from "../../shaders/common/moments.wesl";
import pick from "../../shaders/common/pick.wesl";
import places from "../../shaders/common/places.wesl";
import random from "../../shaders/common/random.wesl";
import sharedLanes from "../../shaders/common/shared_lanes.wesl";
import sigmoid from "../../shaders/common/sigmoid.wesl";
import subgroupLanes from "../../shaders/common/subgroup_lanes.wesl";
import subgroupMatrix from "../../shaders/common/subgroup_matrix.wesl";
import tileBlock from "../../shaders/common/tile_block.wesl";
import tileProduct from "../../shaders/common/tile_product.wesl";
import windows from "../../shaders/common/windows.wesl";
import { expandShader } from "./shader_expansion.ts";

/** Modules that any shader may import as `package::common::…`. */
const COMMON_MODULES: Readonly<Record<string, string>> = {
  activation,
  activation_gradient: activationGradient,
  bilinear,
  divide,
  element_wise: elementWise,
  gelu,
  indexing,
  lanes,
  matrix_product: matrixProduct,
  moments,
  pick,
  places,
  random,
  shared_lanes: sharedLanes,
  sigmoid,
  subgroup_lanes: subgroupLanes,
  subgroup_matrix: subgroupMatrix,
  tile_block: tileBlock,
  tile_product: tileProduct,
  windows,
};

const COMMON = /^package::common::(\w+)$/;

/** Parsed common modules by their expanded text: most shaders import the same few modules. */
const parsedModules = new Map<string, WeslAST>();

/** The modules of one shader. */
export class ShaderModules implements ModuleResolver {
  private readonly asts = new Map<string, WeslAST>();
  /** Lines of the sources by module, as `ExpandedShader` has them. */
  private readonly lines = new Map<string, readonly number[]>();

  constructor(
    private readonly name: string,
    private readonly source: string,
    private readonly constants: Readonly<Record<string, number | string>>,
  ) {}

  resolveModule(modulePath: string): WeslAST | undefined {
    const known = this.asts.get(modulePath);
    if (known) return known;
    const common = COMMON.exec(modulePath)?.[1];
    const isMain = modulePath === "package::main";
    const source = isMain ? this.source : COMMON_MODULES[common ?? ""];
    if (source === undefined) return undefined;
    const name = isMain ? this.name : `common/${common}`;
    const { text, lines } = expandShader(name, source, this.constants);
    const parse = () =>
      parseSrcModule({ modulePath, debugFilePath: name, src: text }, { keepComments: false });
    const ast = isMain ? parse() : (parsedModules.get(text) ?? parse());
    if (!isMain) parsedModules.set(text, ast);
    this.lines.set(name, lines);
    this.asts.set(modulePath, ast);
    return ast;
  }

  /** A message of the linker with the line numbers of the sources instead of those of the expanded text. */
  inSourceLines(message: string): string {
    return message.replace(/^(.+?):(\d+)(?=:\d+ )/gm, (place, name: string, line: string) => {
      const source = this.lines.get(name)?.[Number(line) - 1];
      return source === undefined ? place : `${name}:${source}`;
    });
  }
}
