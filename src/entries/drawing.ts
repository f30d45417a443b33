/**
 * Pictures of networks, as SVG. Graphviz, which places the layers, is loaded when one is drawn.
 *
 * @module weft/drawing
 */

export type { TextForm } from "../drawing/diagram_svg.ts";
export {
  drawNetwork,
  type NetworkPicture,
  PICTURE_LEVELS,
  type PicturedNetwork,
  type PictureLevel,
  usualLevel,
} from "../drawing/network_picture.ts";
