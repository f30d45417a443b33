// The few SVG elements that the demo drawings are made of, as text. Coordinates live in a square of
// 100 x 100; numbers are written with two decimals, so that drawings are the same on every machine.

export type Point = readonly [x: number, y: number];

/** Path data from a template: d`M${x} ${y} L10 20`, every number rounded to two decimals. */
export function d(parts: TemplateStringsArray, ...values: readonly (number | string)[]): string {
  return parts
    .map((part, i) => (i < values.length ? part + decimal(values[i] as number | string) : part))
    .join("");
}

/** A number with at most two decimals; text stays as it is. */
export function decimal(value: number | string): string {
  return typeof value === "string" ? value : String(Math.round(value * 100) / 100);
}

/** A filled path without an outline. */
export function filled(data: string, fill: string, opacity = 1): string {
  return `<path d="${data}" fill="${fill}"${opacity === 1 ? "" : ` opacity="${decimal(opacity)}"`}/>`;
}

/** An open line with round ends. */
export function line(data: string, stroke: string, width: number, opacity = 1): string {
  const look = opacity === 1 ? "" : ` opacity="${decimal(opacity)}"`;
  return (
    `<path d="${data}" fill="none" stroke="${stroke}" stroke-width="${decimal(width)}"` +
    ` stroke-linecap="round" stroke-linejoin="round"${look}/>`
  );
}

/** Shapes that share one outline: all are outlined first, then all filled, so that seams vanish. */
export function outlined(shapes: readonly string[], fill: string, ink: string, width: number): string {
  const data = shapes.join(" ");
  return (
    `<path d="${data}" fill="${ink}" stroke="${ink}" stroke-width="${decimal(2 * width)}" stroke-linejoin="round"/>` +
    shapes.map((shape) => filled(shape, fill)).join("")
  );
}

/** A disc with an outline. */
export function disc(center: Point, radius: number, fill: string, ink: string, width: number): string {
  return (
    `<circle cx="${decimal(center[0])}" cy="${decimal(center[1])}" r="${decimal(radius)}" fill="${fill}"` +
    ` stroke="${ink}" stroke-width="${decimal(width)}"/>`
  );
}

/** A disc without an outline. */
export function circleAt(center: Point, radius: number, fill: string): string {
  return `<circle cx="${decimal(center[0])}" cy="${decimal(center[1])}" r="${decimal(radius)}" fill="${fill}"/>`;
}

/** Path data of a closed polygon. */
export function polygon(points: readonly Point[]): string {
  return points.map(([x, y], i) => d`${i === 0 ? "M" : "L"}${x} ${y}`).join("") + "Z";
}

/** Path data of a straight polyline. */
export function polyline(points: readonly Point[]): string {
  return points.map(([x, y], i) => d`${i === 0 ? "M" : "L"}${x} ${y}`).join("");
}

/** The point a share t (0 to 1) along the straight line from a to b. */
export function between(a: Point, b: Point, t: number): Point {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
}

/** The outline of a band that follows a center line; halfWidths[i] belongs to points[i]. */
export function ribbon(points: readonly Point[], halfWidths: readonly number[]): string {
  const left: Point[] = [];
  const right: Point[] = [];
  points.forEach(([x, y], i) => {
    const before = points[Math.max(0, i - 1)] as Point;
    const after = points[Math.min(points.length - 1, i + 1)] as Point;
    const dx = after[0] - before[0];
    const dy = after[1] - before[1];
    const scale = (halfWidths[i] ?? 0) / Math.max(1e-6, Math.hypot(dx, dy));
    left.push([x - dy * scale, y + dx * scale]);
    right.push([x + dy * scale, y - dx * scale]);
  });
  return polygon([...left, ...right.reverse()]);
}
