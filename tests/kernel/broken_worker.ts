throw new Error("Cannot be loaded");
