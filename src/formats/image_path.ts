// Image paths in label files, normalised to one spelling per path as far as text alone allows.

const DRIVE = /^[A-Za-z]:\//;

/** Whether a path begins at the root or at a Windows drive, rather than in the data folder. */
export const isAbsolutePath = (path: string): boolean => path.startsWith("/") || DRIVE.test(path);

/**
 * The path without `.`, empty parts and `name/..`: `./Images//a.jpg` and `x/../Images/a.jpg` become `Images/a.jpg`. A
 * `..` that leaves the folder stays at the front. Spaces stay, because names may contain them.
 */
export function normalImagePath(path: string): string {
  const isRooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!isRooted) parts.push(part);
  }
  return (isRooted ? "/" : "") + parts.join("/");
}
