// WGSL and WESL sources are imported as text (esbuild's text loader, a Vite plugin in tests).
declare module "*.wgsl" {
  const source: string;
  export default source;
}
declare module "*.wesl" {
  const source: string;
  export default source;
}
