// crop2d: y = x without some rows and columns at each side; amounts [[top, bottom], [left, right]].
// Gradient: dy with zeros in their place. It is zeroPad2d backwards, hence defined beside it.

export { crop2d } from "./zero_pad2d.ts";
