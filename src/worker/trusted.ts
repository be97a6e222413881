/** The parts of Trusted Types that are used here; browsers without them take addresses as they are. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: {
      readonly createScriptURL?: (address: string) => string;
      readonly createHTML?: (text: string) => string | null;
    },
  ): { createScriptURL(address: string): unknown };
}

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };

/** The policy's only rule: code is the page's own. Throws TypeError for any other address. */
function own(address: string): string {
  if (new URL(address, self.location.href).origin === self.location.origin) return address;
  throw new TypeError(`${address} is not code of this page`);
}

const policy = trustedTypes?.createPolicy('pilaf-lab', { createScriptURL: own });

let allows = false;

/** Lets a library set HTML that has no tag in it; any other stays refused. */
export function allowPlainText(): void {
  if (!allows) trustedTypes?.createPolicy('default', { createHTML: (text) => (text.includes('<') ? null : text) });
  allows = true;
}

/** An address of code as the content-security policy wants it. */
export const trustedScript = (address: string): string =>
  policy ? (policy.createScriptURL(address) as string) : own(address);
