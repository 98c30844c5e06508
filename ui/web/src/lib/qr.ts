/** Reads a QR code out of an image that the user gives; nothing leaves the page. */

/** Longest side that is looked at: codes of photos are far larger than needed. */
const MAX_SIDE = 1_600;

/** The text of the code in `file`; `null`: none was found, or it is no image. */
export async function readQr(file: Blob): Promise<string | null> {
  const { default: jsQR } = await import('jsqr');
  let image: ImageBitmap;
  try {
    image = await createImageBitmap(file);
  } catch {
    return null;
  }
  const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
  const [width, height] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  // Transparent images are read as if they lay on paper.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  image.close();
  const { data } = context.getImageData(0, 0, width, height);
  return jsQR(data, width, height)?.data ?? null;
}
