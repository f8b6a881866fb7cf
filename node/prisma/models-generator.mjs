// A generator that writes the models as Prisma has them (its DMMF), which the client does not tell.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import generators from "@prisma/generator-helper";

generators.generatorHandler({
  onManifest: () => ({
    prettyName: "models as JSON",
    defaultOutput: "../src/generated/models.json",
  }),
  onGenerate: async ({ dmmf, generator }) => {
    const file = generator.output.value;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(dmmf.datamodel));
  },
});
