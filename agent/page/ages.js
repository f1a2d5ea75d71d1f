// An age as people say it, and sizes likewise. Pure.

export function ageText(capturedAt, now) {
  const seconds = Math.floor((now - capturedAt) / 1000);
  if (seconds < -2) {
    return `${spanText(-seconds)} in the future`; // the two clocks disagree: say it, do not hide it
  }
  return `${spanText(Math.max(seconds, 0))} ago`;
}

function spanText(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) {
    return `${seconds} s`;
  }
  if (hours === 0) {
    return `${minutes} min ${seconds % 60} s`;
  }
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

export function sizeText(bytes) {
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  return bytes < 999_500 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
