/* words.js: everything the page says, in English and French. A new language is a third column.
 * {name} is replaced; a text with {count} has the forms "one|many". */
import { keep, kept } from "./kept.js";

const LANGUAGES = ["en", "fr"];

const WORDS = {
  skip: ["Skip to the message", "Aller au message"],
  skipRoom: ["Skip to the report", "Aller au rapport"],
  sections: ["Sections", "Rubriques"],
  chat: ["Chat", "Discussion"],
  documents: ["Documents", "Documents"],
  backups: ["Backups", "Sauvegardes"],
  dependencies: ["Dependencies", "Dépendances"],
  strategy: ["Strategy", "Stratégie"],
  approvals: ["Approvals", "Approbations"],
  coming: ["coming", "à venir"],
  conversations: ["Conversations", "Conversations"],
  newChat: ["New chat", "Nouvelle conversation"],
  search: ["Search conversations", "Rechercher dans les conversations"],
  searchHint: ["Search…", "Rechercher…"],
  noConversations: ["Your conversations will be listed here.", "Vos conversations apparaîtront ici."],
  noMatches: ["Nothing found.", "Aucun résultat."],
  pinned: ["Pinned", "Épinglées"],
  today: ["Today", "Aujourd’hui"],
  yesterday: ["Yesterday", "Hier"],
  week: ["Previous 7 days", "7 derniers jours"],
  older: ["Older", "Plus anciennes"],
  actions: ["Actions for “{title}”", "Actions pour « {title} »"],
  pin: ["Pin", "Épingler"],
  unpin: ["Unpin", "Détacher"],
  rename: ["Rename", "Renommer"],
  remove: ["Delete", "Supprimer"],
  removeQuestion: ["Delete this conversation?", "Supprimer cette conversation ?"],
  removeText: ["“{title}” and all its messages will be gone. This cannot be undone.",
    "« {title} » et tous ses messages disparaîtront. C’est irréversible."],
  cancel: ["Cancel", "Annuler"],
  title: ["Title", "Titre"],
  untitled: ["Untitled", "Sans titre"],
  exportMarkdown: ["Export as Markdown", "Exporter en Markdown"],
  exportJson: ["Export as JSON", "Exporter en JSON"],
  exportAllMarkdown: ["Export all as Markdown", "Tout exporter en Markdown"],
  exportAllJson: ["Export all as JSON", "Tout exporter en JSON"],
  importJson: ["Import JSON…", "Importer du JSON…"],
  imported: ["{count} conversation imported.|{count} conversations imported.",
    "{count} conversation importée.|{count} conversations importées."],
  importFailed: ["This file is no export of conversations.", "Ce fichier n’est pas un export de conversations."],
  more: ["More", "Plus"],
  theme: ["Colours: {name}", "Couleurs : {name}"],
  themeSystem: ["as the system", "comme le système"],
  themeLight: ["light", "claires"],
  themeDark: ["dark", "sombres"],
  language: ["Français", "English"],
  forgetKey: ["Forget the API key", "Oublier la clé d’API"],
  menu: ["Menu", "Menu"],
  closeMenu: ["Close menu", "Fermer le menu"],
  messages: ["Messages", "Messages"],
  message: ["Message", "Message"],
  messageHint: ["Ask anything…", "Posez votre question…"],
  send: ["Send", "Envoyer"],
  stop: ["Stop", "Arrêter"],
  attach: ["Attach text files", "Joindre des fichiers texte"],
  detach: ["Remove {name}", "Retirer {name}"],
  attached: ["Attached files", "Fichiers joints"],
  notText: ["{name} is not a text file.", "{name} n’est pas un fichier texte."],
  tooLarge: ["{name} is too large: at most 1 MB.", "{name} est trop gros : 1 Mo au plus."],
  keys: ["Enter sends, Shift + Enter breaks the line", "Entrée envoie, Maj + Entrée va à la ligne"],
  editing: ["Editing an earlier message: the answer to it becomes another branch.",
    "Vous modifiez un message : sa réponse formera une autre branche."],
  greeting: ["What would you like to do?", "Que souhaitez-vous faire ?"],
  promise: ["Answers are made on this machine. Nothing you write leaves it.",
    "Les réponses sont produites sur cette machine. Rien de ce que vous écrivez n’en sort."],
  start1: ["Summarise a text", "Résumer un texte"],
  start1text: ["Summarise the following text in five points:\n\n", "Résumez le texte suivant en cinq points :\n\n"],
  start2: ["Draft a letter", "Rédiger une lettre"],
  start2text: ["Draft a short, courteous letter that says: ", "Rédigez une lettre brève et courtoise qui dit : "],
  start3: ["Explain a term", "Expliquer un terme"],
  start3text: ["Explain in plain words, with an example: ", "Expliquez simplement, avec un exemple : "],
  you: ["You", "Vous"],
  assistant: ["Assistant", "Assistant"],
  system: ["System prompt", "Consigne système"],
  copy: ["Copy", "Copier"],
  copied: ["Copied", "Copié"],
  copyFailed: ["The browser did not allow copying.", "Le navigateur n’a pas permis la copie."],
  copyCode: ["Copy code", "Copier le code"],
  regenerate: ["Regenerate", "Régénérer"],
  edit: ["Edit", "Modifier"],
  goOn: ["Continue", "Continuer"],
  previous: ["Previous version", "Version précédente"],
  next: ["Next version", "Version suivante"],
  versions: ["Version {at} of {of}", "Version {at} sur {of}"],
  thinking: ["The answer is on its way", "La réponse arrive"],
  stopped: ["Stopped", "Arrêtée"],
  failed: ["This answer could not be finished.", "Cette réponse n’a pas pu être terminée."],
  cut: ["Cut off at the most tokens allowed", "Coupée au nombre maximal de tokens"],
  tooLong: ["This message is very long: it is shown as plain text.",
    "Ce message est très long : il est affiché en texte brut."],
  speed: ["{speed} tokens/s", "{speed} tokens/s"],
  speedTitle: ["{tokens} tokens, the first after {first} s", "{tokens} tokens, le premier après {first} s"],
  context: ["Context {share}", "Contexte {share}"],
  contextTitle: ["{used} of {all} tokens of context used; {cached} came from the cache",
    "{used} tokens de contexte utilisés sur {all} ; {cached} venaient du cache"],
  finished: ["Answer finished. {text}", "Réponse terminée. {text}"],
  down: ["Go to the newest message", "Aller au dernier message"],
  model: ["Model", "Modèle"],
  fits: ["Fit this machine", "Tiennent sur cette machine"],
  fitsNot: ["Too large for this machine", "Trop gros pour cette machine"],
  noModel: ["No model yet", "Aucun modèle"],
  loaded: ["loaded", "chargé"],
  loads: ["{model} is being loaded", "{model} est en cours de chargement"],
  free: ["{bytes} of memory free", "{bytes} de mémoire libre"],
  settings: ["Settings", "Réglages"],
  settingsHint: ["They count for this conversation; new ones begin with them. What is left empty is up to the model.",
    "Ils valent pour cette conversation ; les nouvelles commencent avec. Un champ vide laisse faire le modèle."],
  systemHint: ["What the model should always keep in mind", "Ce que le modèle doit toujours garder à l’esprit"],
  temperature: ["Temperature", "Température"],
  temperatureHint: ["0 is sober and repeatable, 1 lively", "0 : sobre et reproductible, 1 : vivant"],
  topP: ["Top P", "Top P"],
  topPHint: ["Share of likely tokens to choose from", "Part des tokens probables retenue"],
  topK: ["Top K", "Top K"],
  topKHint: ["Number of likely tokens to choose from", "Nombre de tokens probables retenus"],
  maxTokens: ["Longest answer (tokens)", "Réponse la plus longue (tokens)"],
  maxTokensHint: ["Empty: until the context is full", "Vide : jusqu’à ce que le contexte soit plein"],
  seed: ["Seed", "Graine"],
  seedHint: ["The same seed gives the same answer", "La même graine donne la même réponse"],
  reset: ["Reset", "Réinitialiser"],
  done: ["Done", "Terminé"],
  close: ["Close", "Fermer"],
  keyLabel: ["API key", "Clé d’API"],
  keyQuestion: ["This Bastide asks for a key", "Ce Bastide demande une clé"],
  keyText: ["Whoever runs this server can make one for you: bastide key add NAME.",
    "La personne qui gère ce serveur peut vous en créer une : bastide key add NOM."],
  keyRefused: ["This key was refused. Is it complete, and still valid?",
    "Cette clé a été refusée. Est-elle complète et encore valable ?"],
  keyRemember: ["Remember it in this browser", "La retenir dans ce navigateur"],
  keyUse: ["Unlock", "Déverrouiller"],
  offline: ["The server cannot be reached. Trying again…", "Le serveur est injoignable. Nouvel essai…"],
  failure401: ["A valid API key is needed.", "Il faut une clé d’API valable."],
  failure403: ["This key may not do that.", "Cette clé n’en a pas le droit."],
  failure404: ["This conversation is not there. It may have been deleted.",
    "Cette conversation n’existe pas. Elle a peut-être été supprimée."],
  failure413: ["That is too long to send.", "C’est trop long à envoyer."],
  failure429: ["The server is busy. Try again in {seconds} s.",
    "Le serveur est très sollicité. Réessayez dans {seconds} s."],
  failure503: ["The model is loading, or the server is restarting. Old conversations can be read meanwhile.",
    "Le modèle se charge ou le serveur redémarre. Les anciennes conversations restent lisibles."],
  failure507: ["This model does not fit into the memory that is free.",
    "Ce modèle ne tient pas dans la mémoire disponible."],
  failureOther: ["That did not work ({status}).", "Cela n’a pas marché ({status})."],
  tryAgain: ["Try again", "Réessayer"],
  enterKey: ["Enter a key", "Saisir une clé"],
  dismiss: ["Dismiss", "Masquer"],
  image: ["image", "image"],
  code: ["code", "code"],
  link: ["opens {host} in a new tab", "ouvre {host} dans un nouvel onglet"],
  needsFolder: ["Start the server with the folders whose dependencies you want to see. It reads them, and nothing leaves "
    + "this machine:", "Démarrez le serveur avec les dossiers dont vous voulez voir les dépendances. Il les lit, et rien "
    + "ne quitte cette machine :"],
  needsAdmin: ["Your key may not see this: what a folder holds is for administrators. One can make a key for it:",
    "Votre clé ne le permet pas : le contenu d’un dossier est réservé aux administrateurs. L’un d’eux peut créer une clé :"],
  folder: ["Folder", "Dossier"],
  reading: ["Reading…", "Lecture…"],
  readOf: ["{done} of {of}", "{done} sur {of}"],
  readFiles: ["{files} file read ({bytes}), at {time}|{files} files read ({bytes}), at {time}",
    "{files} fichier lu ({bytes}), à {time}|{files} fichiers lus ({bytes}), à {time}"],
  readAgain: ["Read again", "Relire"],
  filters: ["Filters", "Filtres"],
  filterWords: ["Service, file or text…", "Service, fichier ou texte…"],
  by_level: ["Any level", "Tout niveau"],
  by_owner: ["Any owner", "Tout propriétaire"],
  by_law: ["Any law", "Toute loi"],
  by_provider: ["Any provider", "Tout prestataire"],
  by_category: ["Any category", "Toute catégorie"],
  by_evidence: ["Any evidence", "Tout indice"],
  by_waived: ["Waived or not", "Admis ou non"],
  waived_no: ["not waived", "non admis"],
  waived_yes: ["waived", "admis"],
  clearFilters: ["Clear filters", "Effacer les filtres"],
  level_critical: ["critical", "critique"],
  level_warning: ["warning", "gênant"],
  level_note: ["note", "mineur"],
  evidence_declared: ["declared", "déclaré"],
  evidence_configured: ["configured", "configuré"],
  evidence_observed: ["observed", "observé"],
  nothingFound: ["No third party was found.", "Aucun tiers n’a été trouvé."],
  sentenceLaw: ["{under} of {of} providers are under the law of: {country}",
    "{under} prestataires sur {of} relèvent d’un même droit : {country}"],
  sentenceStops: ["; if {owner} goes, {count} thing stops at once.|; if {owner} goes, {count} things stop at once.",
    " ; sans {owner}, {count} service s’arrête aussitôt.| ; sans {owner}, {count} services s’arrêtent aussitôt."],
  sentenceNone: ["; if one of them goes, nothing stops at once.",
    " ; si l’un d’eux disparaît, rien ne s’arrête aussitôt."],
  ifOneGoes: ["If one goes", "Si l’un disparaît"],
  cut_stops: ["{count} stops at once|{count} stop at once", "{count} s’arrête aussitôt|{count} s’arrêtent aussitôt"],
  cut_hinders: ["{count} is hindered|{count} are hindered", "{count} est gêné|{count} sont gênés"],
  cut_later: ["{count} within days|{count} within days", "{count} en quelques jours|{count} en quelques jours"],
  cut_unfelt: ["not felt", "sans effet"],
  services: ["Services", "Services"],
  servicesIn: ["{services} service in {places} places|{services} services in {places} places",
    "{services} service à {places} endroits|{services} services à {places} endroits"],
  places: ["{places} place|{places} places", "{places} endroit|{places} endroits"],
  waivedCount: ["{count} waived", "{count} admis"],
  noteCount: ["{count} note|{count} notes", "{count} note|{count} notes"],
  showMore: ["Show {count} more", "Afficher {count} de plus"],
  andMore: ["and {count} more", "et {count} de plus"],
  ownerUnknown: ["nobody in the register", "inconnu du registre"],
  serviceActions: ["Actions for {title}", "Actions pour {title}"],
  whenGone: ["If it is gone:", "S’il disparaît :"],
  instead: ["Instead:", "À la place :"],
  effort_hours: ["hours", "heures"],
  effort_days: ["days", "jours"],
  effort_weeks: ["weeks", "semaines"],
  effort_months: ["months", "mois"],
  wayOut: ["The way out", "La sortie"],
  wayOutHint: ["most risk for least work first", "le plus de risque pour le moins de travail d’abord"],
  within: ["within {days} days", "sous {days} jours"],
  waive: ["Waive", "Admettre"],
  waiveService: ["Waive it everywhere", "Admettre partout"],
  waiveTitle: ["Live with this dependency?", "Vivre avec cette dépendance ?"],
  waiveText: ["It stays in the report, with the reason, and is asked again after that day.",
    "Elle reste dans le rapport, avec la raison, et la question revient après cette date."],
  reason: ["Reason", "Raison"],
  expires: ["Until", "Jusqu’au"],
  waivedFor: ["waived: {reason}", "admis : {reason}"],
  waivedUntil: ["{reason} (until {expires})", "{reason} (jusqu’au {expires})"],
  note: ["Note", "Noter"],
  noteService: ["Add a note", "Ajouter une note"],
  noteTitle: ["A note on this dependency", "Une note sur cette dépendance"],
  noteKeep: ["Keep", "Garder"],
  keptHere: ["Waivers and notes made here", "Admissions et notes faites ici"],
  keptHint: ["They are kept on this machine. To count in continuous integration they go into .bastide-audit.yaml.",
    "Elles restent sur cette machine. Pour compter en intégration continue, elles vont dans .bastide-audit.yaml."],
  removeEntry: ["Delete: {text}", "Supprimer : {text}"],
  copyYaml: ["Copy as YAML", "Copier en YAML"],
  notRead: ["{count} warning|{count} warnings", "{count} avertissement|{count} avertissements"],
  formulaFailed: ["formula", "formule"],
};

/* ?lang= first, then what was chosen here, then what the server took from Accept-Language. */
function choose() {
  const wanted = [new URLSearchParams(location.search).get("lang"), kept("language"), document.documentElement.lang];
  return wanted.find((language) => LANGUAGES.includes(language)) ?? "en";
}

export let language = choose();
document.documentElement.lang = language;

export function speak(chosen) {
  language = chosen;
  keep("language", chosen);
  document.documentElement.lang = chosen;
}

export function word(name, values = {}) {
  let text = WORDS[name][LANGUAGES.indexOf(language)];
  if (text.includes("|")) {
    const forms = text.split("|");
    const one = new Intl.PluralRules(language).select(values.count) === "one";
    text = forms[one ? 0 : 1];
  }
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

const formats = new Map();

/* Making a format takes longer than using it. */
function formatted(value, options) {
  const name = language + JSON.stringify(options);
  if (!formats.has(name))
    formats.set(name, new Intl.NumberFormat(language, options));
  return formats.get(name).format(value);
}

export function number(value, digits = 0) {
  return formatted(value, { maximumFractionDigits: digits });
}

export function percent(share) {
  return formatted(share, { style: "percent", maximumFractionDigits: 0 });
}

/* Bytes as people say them, by powers of 1000. */
export function bytes(count) {
  const units = language === "fr" ? ["o", "ko", "Mo", "Go", "To"] : ["B", "kB", "MB", "GB", "TB"];
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return number(value, value < 10 && power > 0 ? 1 : 0) + "\u00a0" + units[power];
}

/* ---- countries and times ----------------------------------------------------------------------------------------- */

/* "US" in words; EU is one of Intl's regions, too. */
export function country(code) {
  return new Intl.DisplayNames(language, { type: "region" }).of(code);
}

/* The time of day of a moment in seconds since 1970. */
export function time(seconds) {
  return new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(seconds * 1000);
}
