// A web address with secrets in it: what to ask the server, and what may be shown to people and kept in files.

/** An address, taken apart. */
export interface WebAddress {
  /** For fetch, which refuses credentials in an address. */
  readonly url: string;
  /** The credentials, as HTTP's basic authentication sends them; none where the address has none. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without credentials, and without the query, which may be a token. */
  readonly shown: string;
}

/** @param text an address that `URL.canParse` accepts */
export function parseWebAddress(text: string): WebAddress {
  const url = new URL(text);
  const { username, password, search } = url;
  url.username = "";
  url.password = "";
  url.hash = "";
  const headers = username || password ? { authorization: basicAuthentication(username, password) } : {};
  const shown = new URL(url);
  shown.search = "";
  return { url: url.href, headers, shown: search ? `${shown.href}?…` : shown.href };
}

/** https://www.rfc-editor.org/rfc/rfc7617, in UTF-8. */
function basicAuthentication(username: string, password: string): string {
  const pair = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}

/** A stray % stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What is typed as an address and is none, without what may be a password or a token. */
export function withoutSecrets(typed: string): string {
  return typed.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, "$1…@").replace(/\?.*/s, "?…");
}

/** A message of fetch's, in which addresses may stand, without their credentials and queries. */
export function messageWithoutSecrets(message: string): string {
  return message.replace(/[a-z][a-z\d+.-]*:\/\/[^\s"']+/gi, withoutSecrets);
}
