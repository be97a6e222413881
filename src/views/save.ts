/** Hands a JSON document to the browser as a file; nothing leaves the machine. */
export const saveJson = (document_: unknown, name: string): void =>
  saveText(JSON.stringify(document_), name, 'application/json');

/** As `saveJson`, with any text. */
export function saveText(text: string, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
