// Every page in every edition.
