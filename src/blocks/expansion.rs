//! What the blocks write into: declarations and problems, with the file and the catalog at hand.

use std::collections::{BTreeMap, HashSet};

use crate::blocks::Declaration;
use crate::catalog::check::{self, Fault};
use crate::catalog::{Catalog, KindInfo, SchemaType};
use crate::names::{Address, KindName, Region, Scope, physical_name};
use crate::problem::{Code, Problem, Severity, Span};
use crate::stack::{Loaded, file};
use crate::value::{Json, Key, Path, Reference, Target, Template};

/// Blocks on their way to declarations.
pub(super) struct Expansion<'a> {
    /// The file.
    pub loaded: &'a Loaded,
    /// The kinds there are.
    pub catalog: &'a Catalog,
    /// What was declared so far.
    pub declarations: Vec<Declaration>,
    problems: Vec<Problem>,
}

/// One entry of a block, in one region or for the account as a whole.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    /// The beginning of its addresses, such as `functions.recommend`.
    pub prefix: String,
    /// Where it stands in the file.
    pub origin: Path,
    /// Its region, unless it is one for all.
    pub region: Option<&'a Region>,
    /// Whether its resources stay when it leaves the file.
    pub retain: bool,
}

impl<'a> Item<'a> {
    /// An entry of a block that is a map of names.
    pub fn new(block: &str, name: &str, region: Option<&'a Region>, retain: bool) -> Self {
        Self { prefix: format!("{block}.{name}"), origin: Path::of([block, name]), region, retain }
    }

    /// Its address, or with a part the address of one of its resources, where this item is.
    pub fn address(&self, part: &str) -> Address {
        self.address_at(part, self.region.map_or(Scope::Global, |region| Scope::In(region.clone())))
    }

    /// The same somewhere else.
    pub fn address_at(&self, part: &str, at: Scope) -> Address {
        if part.is_empty() {
            Address::new(&self.prefix, at)
        } else {
            Address::new(format!("{}.{part}", self.prefix), at)
        }
    }

    /// A reference to an output of one of its parts, as text with braces.
    pub fn output(&self, output: &str) -> String {
        format!("${{{}.{output}}}", self.prefix)
    }

    /// The path of something in it.
    pub fn path<'p>(&self, rest: impl IntoIterator<Item = &'p str>) -> Path {
        self.origin.join(&Path::of(rest))
    }
}

impl<'a> Expansion<'a> {
    /// Nothing declared yet.
    pub fn new(loaded: &'a Loaded, catalog: &'a Catalog) -> Self {
        Self { loaded, catalog, declarations: Vec::new(), problems: Vec::new() }
    }

    /// The file without regional differences.
    pub fn stack(&self) -> &'a file::Stack {
        &self.loaded.stack
    }

    /// The file as it is for a region.
    pub fn in_region(&self, region: &Region) -> &'a file::Stack {
        self.loaded.by_region.get(region).unwrap_or(&self.loaded.stack)
    }

    /// The regions, the primary first.
    pub fn regions(&self) -> &'a [Region] {
        &self.loaded.regions
    }

    /// A physical name: the stack's name and these words, of at most `max` characters.
    pub fn physical(&self, words: &[&str], max: usize) -> String {
        let words: Vec<&str> = [self.loaded.name.as_str()].into_iter().chain(words.iter().copied()).collect();
        physical_name(&words, max)
    }

    /// The name that a block's physical names are made of: its first one, as long as `moved` tells it.
    /// A new name in AWS would be a new thing.
    pub fn first_name<'n>(&'n self, block: &str, name: &'n str) -> &'n str {
        let now = format!("{block}.{name}");
        let lines = self.stack().moved.iter().filter(|(_, new)| **new == now);
        // Lines are added at the end: the name in the first one is the oldest.
        let first = lines.min_by_key(|(old, _)| self.loaded.places.key(&Path::of(["moved", old])));
        first.and_then(|(old, _)| old.strip_prefix(block)?.strip_prefix('.')).unwrap_or(name)
    }

    /// Takes note of a problem.
    pub fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Declares a resource of an item, with the stack's tags if its kind takes any.
    pub fn declare(&mut self, item: &Item<'_>, part: &str, kind: &str, spec: Json) -> &mut Declaration {
        self.add(item, item.address(part), known(kind), spec)
    }

    /// The same for a kind and an address that were read from the file.
    pub fn add(&mut self, item: &Item<'_>, address: Address, kind: KindName, mut spec: Json) -> &mut Declaration {
        self.tag(&kind, &mut spec);
        self.push(item, address, kind, &spec)
    }

    /// Declares a thing that somebody else looks after, by what it is looked up by.
    pub fn existing(&mut self, item: &Item<'_>, address: Address, kind: KindName, query: &Json) {
        self.push(item, address, kind, query).existing = true;
    }

    fn push(&mut self, item: &Item<'_>, address: Address, kind: KindName, spec: &Json) -> &mut Declaration {
        let spec = Template::parse(spec).unwrap_or_else(|error| {
            let span = self.loaded.places.value(&item.origin);
            self.report(Problem::new(Code::BadReference, error.to_string()).at(span));
            Template::Map(BTreeMap::new())
        });
        let declared = Declaration::new(address, kind, spec, item.origin.clone());
        self.declarations.push(Declaration { retain: item.retain, ..declared });
        let last = self.declarations.len() - 1;
        &mut self.declarations[last]
    }

    /// The stack's tags, under those that stand there already.
    fn tag(&self, kind: &KindName, spec: &mut Json) {
        let takes_tags = self.catalog.get(kind).is_some_and(|kind| kind.spec.at(["tags"]).is_some());
        if !takes_tags || self.stack().tags.is_empty() {
            return;
        }
        let Some(fields) = spec.as_object_mut() else { return };
        let tags = fields.entry("tags").or_insert_with(|| Json::Object(serde_json::Map::new()));
        if let Some(tags) = tags.as_object_mut() {
            for (key, value) in &self.stack().tags {
                tags.entry(key.clone()).or_insert_with(|| value.clone().into());
            }
        }
    }

    /// Where a value stands, or what is nearest around it; in the regional differences if it comes from there.
    pub fn value(&self, item: &Item<'_>, path: &Path) -> Option<Span> {
        self.loaded.places.value(&self.regional(item, path))
    }

    /// The same for a key.
    pub fn key(&self, item: &Item<'_>, path: &Path) -> Option<Span> {
        self.loaded.places.key(&self.regional(item, path))
    }

    fn regional(&self, item: &Item<'_>, path: &Path) -> Path {
        let rest = Path(path.0.get(item.origin.0.len()..).unwrap_or_default().to_vec());
        let Some(region) = item.region else { return path.clone() };
        let over = item.origin.field("regions").field(region.as_str());
        // The deepest place that the differences write themselves decides.
        let written = |length: usize| self.loaded.places.at.contains_key(&over.join(&Path(rest.0[..length].to_vec())));
        let depth = |base: &Path| (1..=rest.0.len()).rev().find(|length| self.holds(base, &rest.0[..*length]));
        match (1..=rest.0.len()).rev().find(|length| written(*length)) {
            Some(here) if Some(here) >= depth(&item.origin) => over.join(&rest),
            _ => path.clone(),
        }
    }

    fn holds(&self, base: &Path, rest: &[Key]) -> bool {
        self.loaded.places.at.contains_key(&base.join(&Path(rest.to_vec())))
    }

    /// Reports names that cannot be part of an address; such an entry is left out.
    pub fn name_is_good(&mut self, block: &str, name: &str) -> bool {
        let mut bytes = name.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let good = first && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if !good {
            let span = self.loaded.places.key(&Path::of([block, name]));
            let problem = Problem::new(Code::BadName, format!("`{name}` cannot be a name in `{block}`")).at(span);
            self.report(problem.help("use lower-case letters, digits, `-` and `_`, with a letter first"));
        }
        good
    }

    /// Reports regional differences that cannot be, because the field is the same in every region.
    pub fn only_regional(&mut self, item: &Item<'_>, differences: &Json, region: &str, allowed: &[&str]) {
        for key in differences.as_object().into_iter().flat_map(serde_json::Map::keys) {
            if allowed.contains(&key.as_str()) {
                continue;
            }
            let span = self.loaded.places.key(&item.path(["regions", region, key]));
            let allowed = allowed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let problem = Problem::new(Code::NotByRegion, format!("`{key}` cannot differ by region"));
            self.report(problem.at(span).help(format!("these can: {allowed}")));
        }
    }

    /// What was declared, every spec checked, and each problem once.
    pub fn finish(mut self) -> (Vec<Declaration>, Vec<Problem>) {
        let declarations = std::mem::take(&mut self.declarations);
        for declaration in declarations.iter().filter(|declaration| !declaration.existing) {
            if let Some(info) = self.catalog.get(&declaration.kind) {
                self.check(declaration, info);
            }
        }
        let mut seen = HashSet::new();
        self.problems.retain(|problem| seen.insert((problem.code, problem.message.clone(), problem.span)));
        self.problems.sort_by_key(|problem| problem.span);
        (declarations, self.problems)
    }

    fn check(&mut self, declaration: &Declaration, info: &KindInfo) {
        let spec = declaration.spec.fill(&|reference| self.known(reference, &declaration.address.at));
        let mut faults = check::check(&info.spec, &spec);
        // A kind's own rules are for a spec that fits the shape.
        if faults.is_empty() {
            faults.extend(info.broken_rules(&spec).into_iter().map(|message| Fault {
                path: Path::default(),
                at_key: false,
                code: Code::WrongValue,
                message,
                help: None,
            }));
        }
        for fault in faults {
            self.fault(declaration, &fault);
        }
    }

    /// What can be known of a reference without AWS. Any account does where none is named.
    pub fn known(&self, reference: &Reference, at: &Scope) -> Option<Json> {
        let Target::Written { words, at: None } = &reference.target else { return None };
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["region"] => at.region().map(|region| region.to_string().into()),
            ["stack"] => Some(self.loaded.name.to_string().into()),
            ["account"] => Some(self.stack().account.clone().unwrap_or_else(|| "123456789012".into()).into()),
            _ => None,
        }
    }

    fn fault(&mut self, declaration: &Declaration, fault: &Fault) {
        let item = Item {
            prefix: declaration.address.path.to_string(),
            origin: declaration.origin.clone(),
            region: declaration.address.at.region(),
            retain: false,
        };
        let raw = matches!(declaration.origin.0.first(), Some(Key::Field(block)) if block == "resources");
        let mut problem = Problem::new(fault.code, &fault.message);
        problem.help.clone_from(&fault.help);
        if raw {
            let path = item.path(["properties"]).join(&fault.path);
            problem = problem.at(if fault.at_key { self.key(&item, &path) } else { self.value(&item, &path) });
            self.report(problem);
            return;
        }
        // What a block has already said in the user's words need not be said again in AWS's.
        let field = self.written_as(&item, &fault.path);
        let span = field.as_ref().map_or_else(|| self.key(&item, &item.origin), |path| self.value(&item, path));
        let said = |range: Option<Span>| {
            let inside = |at: Span| range.is_some_and(|range| range.start <= at.start && at.end <= range.end);
            self.problems.iter().any(|told| told.severity == Severity::Error && told.span.is_some_and(inside))
        };
        if !said(if field.is_some() { span } else { self.whole(&item.origin) }) {
            let of = format!("the {} `{}`", declaration.kind, declaration.address.path);
            let field = if fault.path.0.is_empty() { String::new() } else { format!("`{}` of ", fault.path) };
            problem.message = format!("{} (in {field}{of})", fault.message);
            self.report(problem.at(span));
        }
    }

    /// Everything that stands in the file for an entry, its key included.
    fn whole(&self, origin: &Path) -> Option<Span> {
        let place = self.loaded.places.at.get(origin)?;
        Some(Span { start: place.key.unwrap_or(place.value).start, end: place.value.end })
    }

    /// The field of the block that a field of the resource comes from, as far as that can be told.
    fn written_as(&self, item: &Item<'_>, path: &Path) -> Option<Path> {
        let Some(Key::Field(field)) = path.0.first() else { return None };
        let word = field.split('_').next().unwrap_or(field);
        let mut names = [field.as_str(), word].into_iter();
        let stands = |name: &&str| self.loaded.places.at.contains_key(&self.regional(item, &item.path([*name])));
        let name = names.find(stands)?;
        Some(item.path([name]).join(&Path(path.0[1..].to_vec())))
    }
}

/// A kind as blocks write it.
pub(super) fn known(kind: &str) -> KindName {
    let Ok(kind) = kind.parse() else { unreachable!("blocks write kinds well formed") };
    kind
}

/// Whether a kind's spec must have this field, as text.
pub(super) fn wants_text(info: &KindInfo, field: &str) -> bool {
    let SchemaType::Object(fields) = &info.spec.schema_type else { return false };
    fields.get(field).is_some_and(|field| field.required && matches!(field.shape.schema_type, SchemaType::Text { .. }))
}

/// A value without the fields that are null.
pub(super) fn without_nulls(mut spec: Json) -> Json {
    if let Some(fields) = spec.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    spec
}

/// The partition that a region belongs to, the second word of its ARNs.
pub(super) fn partition(region: Option<&Region>) -> &'static str {
    region.map_or("aws", Region::partition)
}
