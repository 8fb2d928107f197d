/** Light or dark: as the system has it, until somebody chooses. */
import { kept } from "./kept.ts";

type Theme = "system" | "light" | "dark";
const themes: readonly Theme[] = ["system", "light", "dark"];

export const theme = kept<Theme>("theme", "system");
// The colours are light-dark() pairs, so the scheme alone decides.
theme.subscribe((chosen) => {
  document.documentElement.dataset.theme = chosen;
});

export const nextTheme = (): void => {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length]!;
};
