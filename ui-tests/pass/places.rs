//! Every place that an expression with an await can stand in, in a workflow and in a plain type: the
//! same bodies compile as both.
#![deny(warnings)]
#![allow(
    clippy::async_yields_async,
    clippy::await_holding_refcell_ref,
    clippy::explicit_auto_deref,
    clippy::iter_nth,
    clippy::needless_late_init,
    clippy::needless_return,
    reason = "every place is tried, also where another one would be simpler"
)]

use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, ops::ControlFlow, rc::Rc};

use durably::prelude::*;

#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    name: String,
    cells: Vec<u32>,
    pair: (u32, Option<u32>),
}

struct Meter(u32);

impl Meter {
    fn read(&self, more: u32) -> u32 {
        self.0 + more
    }
    fn chain(self, more: u32) -> Self {
        Self(self.0 + more)
    }
    fn compare(&self, row: &Row, n: u32) -> bool {
        row.cells.len() as u32 + self.0 == n
    }
}

async fn pick(ctx: &Ctx) -> Result<usize> {
    ctx.sleep(secs(1)).await?;
    Ok(0)
}

async fn look(ctx: &Ctx, n: u32) -> Result<u32> {
    ctx.sleep(secs(1)).await?;
    Ok(n)
}

async fn find(ctx: &Ctx, n: u32) -> Option<u32> {
    look(ctx, n).await.ok()
}

async fn generic<T: From<u8>>(ctx: &Ctx) -> Result<T> {
    ctx.sleep(secs(1)).await?;
    Ok(T::from(1))
}

fn show(row: &Row, name: &str, n: u32) -> String {
    format!("{row:?} {name} {n}")
}

fn add(list: &mut Vec<u32>, n: u32) {
    list.push(n);
}

/// The same methods for a workflow and for a plain type.
macro_rules! both {
    ($($methods:tt)*) => {
        #[derive(Debug, Default)]
        struct Lent {
            rows: Vec<Row>,
            grid: [[u32; 2]; 2],
            list: Vec<u32>,
            by_name: BTreeMap<String, Vec<u32>>,
            boxed: Box<Row>,
            calls: Vec<fn(u32) -> u32>,
            text: String,
            n: u32,
            shared: Rc<RefCell<Vec<u32>>>,
            option: Option<[u32; 2]>,
        }

        #[workflow]
        impl Lent {
            #[run]
            async fn run(&mut self, ctx: &Ctx) -> Result<()> {
                self.operands(ctx).await?;
                self.jumps(ctx).await?;
                self.patterns(ctx).await?;
                self.in_places(ctx).await?;
                self.arguments(ctx).await?;
                self.receivers(ctx).await?;
                self.macros(ctx).await?;
                self.statements(ctx).await
            }

            $($methods)*
        }

        #[derive(Debug, Default)]
        struct Plain {
            rows: Vec<Row>,
            grid: [[u32; 2]; 2],
            list: Vec<u32>,
            by_name: BTreeMap<String, Vec<u32>>,
            boxed: Box<Row>,
            calls: Vec<fn(u32) -> u32>,
            text: String,
            n: u32,
            shared: Rc<RefCell<Vec<u32>>>,
            option: Option<[u32; 2]>,
        }

        impl Plain {
            $($methods)*
        }
    };
}

both! {
    async fn look(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        self.n += look(ctx, n).await?;
        Ok(self.n)
    }

    async fn flag(&self, ctx: &Ctx) -> Result<bool> {
        Ok(look(ctx, self.n).await? > 0)
    }

    async fn operands(&mut self, ctx: &Ctx) -> Result<()> {
        let sum = self.n + self.look(ctx, 1).await? * look(ctx, 2).await? - 1;
        let shifted = (sum << self.look(ctx, 1).await?) as u64 | u64::from(look(ctx, 2).await?);
        let negative = -(self.look(ctx, 1).await? as i64);
        let no = !self.flag(ctx).await? && !self.flag(ctx).await? || look(ctx, 1).await? == 1;
        let wide = look(ctx, 1).await? as usize;
        let compared = self.look(ctx, 1).await? < look(ctx, 2).await?;
        let (a, b) = (self.look(ctx, 1).await?, look(ctx, self.n).await?);
        let array = [self.look(ctx, 1).await?, a, look(ctx, 2).await?];
        let repeated = [self.look(ctx, 1).await?; 3];
        let range = look(ctx, 1).await?..self.look(ctx, 2).await?;
        let closed = ..=self.look(ctx, 2).await?;
        let open = self.look(ctx, 2).await?..;
        let row = Row {
            cells: vec![self.look(ctx, 1).await?, b],
            pair: (look(ctx, 1).await?, Some(self.look(ctx, 1).await?)),
            ..Row::default()
        };
        let base = Row {
            name: self.look(ctx, 1).await?.to_string(),
            ..async { row.clone() }.await
        };
        let field = async { row.clone() }.await.pair.1;
        let element = async { vec![1, 2] }.await[self.look(ctx, 0).await? as usize % 2];
        let reference = &self.look(ctx, 1).await?;
        let exclusive = &mut look(ctx, 1).await?;
        *exclusive += *reference;
        let dereferenced = *async { Box::new(1) }.await;
        let called = async { |n: u32| n + 1 }.await(self.look(ctx, 1).await?);
        let method = Meter(self.look(ctx, 1).await?).chain(1).read(look(ctx, 1).await?);
        let turbofish = generic::<u64>(ctx).await? + u64::from(generic::<u32>(ctx).await?);
        let inferred: u64 = generic(ctx).await?;
        let chained = find(ctx, 1).await.map(|n| n + 1).unwrap_or(self.look(ctx, 1).await?);
        let nested = async { look(ctx, look(ctx, 1).await?).await }.await?;
        let twice = async { async { Ok::<_, Error>(1) } }.await.await?;
        let block = { let n = self.look(ctx, 1).await?; n + 1 };
        let labelled = 'out: { if no { break 'out 1; } self.look(ctx, 1).await? };
        let branch = if self.flag(ctx).await? { self.look(ctx, 1).await? } else { look(ctx, 1).await? };
        let either = match self.look(ctx, 1).await? { 0 => look(ctx, 1).await?, n => n };
        let looped = loop { if self.flag(ctx).await? { break self.look(ctx, 1).await?; } };
        self.text = format!(
            "{shifted} {negative} {wide} {compared} {array:?} {repeated:?} {range:?} {closed:?} {open:?} \
             {base:?} {field:?} {element} {exclusive} {dereferenced} {called} {method} {turbofish} \
             {inferred} {chained} {nested} {twice} {block} {labelled} {branch} {either} {looped}"
        );
        Ok(())
    }

    async fn jumps(&mut self, ctx: &Ctx) -> Result<u32> {
        let found = 'search: {
            if self.n == 0 {
                break 'search self.look(ctx, 1).await?;
            }
            if self.n == 2 {
                break 'search -1_i64 as u32 + self.look(ctx, 1).await?;
            }
            look(ctx, 2).await?
        };
        let row = 'rows: loop {
            for n in 0..self.look(ctx, 3).await? {
                if n == look(ctx, 1).await? {
                    break 'rows Row { cells: vec![look(ctx, n).await?], ..Row::default() };
                }
                if self.flag(ctx).await? {
                    continue 'rows;
                }
            }
            break self.rows.pop().unwrap_or_default();
        };
        let flow = 'flow: {
            if row.cells.is_empty() {
                break 'flow ControlFlow::Break(self.look(ctx, 1).await?);
            }
            ControlFlow::Continue(())
        };
        if let ControlFlow::Break(n) = flow {
            return Ok(n);
        }
        if found > 3 {
            return self.look(ctx, 1).await;
        }
        let Some(n) = find(ctx, self.n).await else {
            return Ok(look(ctx, 1).await? + self.look(ctx, 1).await?);
        };
        while self.look(ctx, 1).await? < 3 {
            self.n += 1;
        }
        while let Some(n) = find(ctx, self.n).await && self.look(ctx, n).await? < 3 {
            self.n += n;
        }
        for n in 0..look(ctx, 2).await? {
            self.n += n;
        }
        for row in async { [Row::default()] }.await {
            self.rows.push(row);
        }
        Ok(n)
    }

    async fn patterns(&mut self, ctx: &Ctx) -> Result<u32> {
        if let Some(n) = find(ctx, 1).await && let Ok(m) = self.look(ctx, n).await && m > n {
            self.n = m;
        } else if let Some(n) = find(ctx, 2).await {
            self.n = n;
        } else if self.flag(ctx).await? {
            self.n = 0;
        }
        let Row { cells, pair: (left, _), .. } = Row {
            cells: vec![self.look(ctx, 1).await?],
            ..Row::default()
        };
        let n = match (self.look(ctx, 1).await, find(ctx, left).await) {
            (Ok(n), _) if n == look(ctx, 1).await? => n,
            (Ok(n), Some(m)) if self.flag(ctx).await? => n + m,
            (Ok(_), None) => return Err(Error::from(AppError::new("None", "none"))),
            (Err(error), _) => return Err(error),
            (Ok(_), Some(n)) => self.look(ctx, n).await?,
        };
        (self.n, self.grid[0][1]) = (self.look(ctx, 1).await?, n);
        [self.n, _] = [look(ctx, 1).await?, cells.len() as u32];
        Row { pair: self.boxed.pair, .. } = async { Row::default() }.await;
        Ok(self.n)
    }

    /// An awaited index goes first; what is assigned goes before it.
    async fn in_places(&mut self, ctx: &Ctx) -> Result<()> {
        self.list[pick(ctx).await?] = 3;
        self.list[pick(ctx).await?] = self.n;
        self.list[pick(ctx).await?] = look(ctx, 1).await?;
        self.list[pick(ctx).await?] += 3;
        self.list[pick(ctx).await?] -= self.n;
        self.list[pick(ctx).await?] *= look(ctx, 1).await?;
        self.grid[pick(ctx).await?][pick(ctx).await?] = look(ctx, 1).await?;
        self.grid[self.look(ctx, 1).await? as usize][self.look(ctx, 1).await? as usize] ^= 1;
        self.rows[pick(ctx).await?].cells[pick(ctx).await?] = 1;
        self.rows[pick(ctx).await?].name = String::new();
        self.rows[pick(ctx).await?].name += "x";
        self.rows[pick(ctx).await?].name.push('x');
        self.rows[pick(ctx).await?].cells.push(look(ctx, 1).await?);
        self.rows[pick(ctx).await?].cells.insert(pick(ctx).await?, self.n);
        self.rows[pick(ctx).await?].pair.1 = None;
        self.rows[pick(ctx).await?] = Row::default();
        (self.list[pick(ctx).await?], self.n) = (1, 2);
        [self.grid[pick(ctx).await?][0], self.list[pick(ctx).await?]] = [1, look(ctx, 2).await?];
        self.boxed.cells[pick(ctx).await?] = 1;
        *self.boxed = async { Row::default() }.await;
        (*self.boxed).cells[pick(ctx).await?] = 1;
        *self.rows[pick(ctx).await?].cells.first_mut().expect("there is one") = 1;
        let copied = self.list[pick(ctx).await?];
        let field = self.rows[pick(ctx).await?].pair.0 + self.rows[pick(ctx).await?].pair.0;
        let maybe = self.rows[pick(ctx).await?].pair.1.is_some();
        let same = self.rows[pick(ctx).await?].name == "x" || self.rows[pick(ctx).await?] == Row::default();
        let slice = self.list[pick(ctx).await?..].len();
        let shared = &self.rows[pick(ctx).await?];
        let length = shared.cells.len();
        let exclusive = &mut self.rows[pick(ctx).await?];
        exclusive.cells.push(1);
        add(&mut self.rows[pick(ctx).await?].cells, 1);
        let called = self.calls[pick(ctx).await?](copied);
        let awaited = (self.calls[pick(ctx).await?])(look(ctx, 1).await?);
        let named = self.by_name[&look(ctx, 1).await?.to_string()].len();
        let cloned = self.rows[pick(ctx).await?].clone();
        let wide = self.list[pick(ctx).await?] as u64 + u64::from(-(self.list[pick(ctx).await?] as i32) > 0);
        if let Some(n) = self.rows[pick(ctx).await?].pair.1 {
            self.n = n;
        }
        if let Row { name, .. } = &self.rows[pick(ctx).await?] && name.is_empty() {
            self.n = 0;
        }
        match self.rows[pick(ctx).await?].pair {
            (0, _) => self.n = look(ctx, 1).await?,
            (n, Some(_)) => self.n = n,
            _ => {}
        }
        match self.rows[pick(ctx).await?] {
            Row { ref mut name, .. } if name.is_empty() => name.push('x'),
            Row { ref cells, .. } => self.n = cells.len() as u32,
        }
        for n in self.rows[pick(ctx).await?].cells.iter() {
            self.list.push(*n);
        }
        for row in &mut self.rows[pick(ctx).await?..] {
            row.cells.clear();
        }
        let slot = &mut self.n;
        *slot = 1;
        let mut local = [1, 2];
        local[self.look(ctx, 0).await? as usize % 2] = self.look(ctx, 1).await?;
        local[pick(ctx).await?] += self.look(ctx, 1).await?;
        self.text = format!(
            "{field} {maybe} {same} {slice} {length} {called} {awaited} {named} {cloned:?} {wide} {local:?}"
        );
        Ok(())
    }

    /// What is awaited goes before what is borrowed from the state.
    async fn arguments(&mut self, ctx: &Ctx) -> Result<()> {
        self.list.push(look(ctx, 1).await?);
        self.list.insert(pick(ctx).await?, look(ctx, 1).await?);
        self.by_name.entry(look(ctx, 1).await?.to_string()).or_default().push(1);
        self.by_name.insert(self.text.clone(), vec![look(ctx, 1).await?]);
        show(&self.boxed, &self.text, look(ctx, 1).await?);
        show(&self.rows[0], "name", look(ctx, 1).await? + self.n);
        let name = String::from("moved");
        show(&self.boxed, &name, look(ctx, 1).await?);
        add(&mut self.list, look(ctx, 1).await?);
        Vec::push(&mut self.list, look(ctx, 1).await?);
        let meter = Meter(1);
        let same = meter.compare(&self.boxed, look(ctx, 1).await?);
        let mut more = vec![1];
        let reborrowed = &mut more;
        self.list.extend_from_slice(reborrowed);
        self.append(reborrowed, look(ctx, 1).await?);
        reborrowed.push(u32::from(same));
        let replaced = std::mem::replace(&mut self.n, look(ctx, 1).await?);
        let option = Some(look(ctx, 1).await?).filter(|n| *n > self.n).or(find(ctx, replaced).await);
        self.n = u32::max(self.n, look(ctx, 1).await?).min(option.unwrap_or(self.look(ctx, 1).await?));
        self.list.iter_mut().for_each(|n| *n += 1);
        let block = async { Ok::<_, Error>(look(ctx, 1).await? + 1) };
        self.list.push(block.await?);
        let later = async |n: u32| look(ctx, n).await;
        self.list.push(later(1).await?);
        let all = try_join_all([look(ctx, 1), look(ctx, 2)]).await?;
        self.list.extend(all.iter().map(|n| n + self.n));
        Ok(())
    }

    /// What the call is a method of looks borrowed from the state, but is owned.
    async fn receivers(&mut self, ctx: &Ctx) -> Result<()> {
        self.shared.clone().borrow_mut().push(look(ctx, 1).await?);
        self.rows.pop().unwrap_or_default().cells.iter_mut().nth(look(ctx, 1).await? as usize);
        self.list.clone().iter_mut().nth(look(ctx, 1).await? as usize);
        self.option.unwrap().iter_mut().nth(look(ctx, 1).await? as usize);
        self.n = self.list.first_mut().unwrap().saturating_add(look(ctx, 1).await?);
        Ok(())
    }

    fn append(&mut self, list: &mut Vec<u32>, n: u32) {
        list.push(n);
        self.list.append(list);
    }

    /// Macros look at their arguments at once.
    async fn macros(&mut self, ctx: &Ctx) -> Result<()> {
        let text = format!("{} {}", look(ctx, 1).await?, self.look(ctx, 2).await?);
        let text = format!("{} {text} {}", self.text, look(ctx, 1).await?);
        let text = format!("{} {text} {n:?} {:>1$}", self.n, 3, n = find(ctx, 1).await);
        let text = format!("{self:?} {text} {}", look(ctx, 1).await?);
        let text = format!("{} {self:?} {text} {}", self.text, look(ctx, 1).await?);
        write!(self.text, "{}", look(ctx, 1).await?)?;
        writeln!(&mut self.text, "{} {}", self.n, look(ctx, 1).await?)?;
        assert_eq!(self.n, look(ctx, self.n).await?);
        assert_ne!(self.text, look(ctx, 1).await?.to_string(), "{} {self:?}", self.n);
        assert!(look(ctx, 1).await? > 0, "{} {text}", self.n);
        debug_assert!(find(ctx, 1).await.is_some());
        let list = vec![self.n, look(ctx, 1).await?, self.look(ctx, 1).await?];
        let zeros = vec![look(ctx, 1).await?; 2];
        let is = matches!(find(ctx, 1).await, Some(n) if n == self.n && look(ctx, 1).await? == n);
        let nested = [format!("{} {}", self.n, look(ctx, 1).await?)].concat();
        if list == zeros || is {
            panic!("{} {} {nested}", self.text, look(ctx, 1).await?);
        }
        if list.is_empty() {
            bail!("{} {}", self.n, look(ctx, 1).await?);
        }
        Ok(())
    }

    /// Attributes belong to the whole statement.
    async fn statements(&mut self, ctx: &Ctx) -> Result<()> {
        #[cfg(any())]
        self.no_such_method(ctx).await?;
        #[cfg(any())]
        ctx.no_such_method().await;
        #[cfg(any())]
        {
            self.list[no_such_function(ctx).await?] = 1;
        }
        #[cfg(any())]
        assert_eq!(self.n, no_such_function(ctx).await?);
        #[cfg(not(any()))]
        self.look(ctx, 1).await?;
        #[allow(unused_must_use)]
        self.look(ctx, 1).await;
        #[allow(unused_must_use)]
        ctx.sleep(secs(1)).await;
        #[cfg(not(any()))]
        let n = look(ctx, 1).await?;
        match n {
            #[cfg(any())]
            1 => no_such_function(ctx).await?,
            _ => self.n = look(ctx, 1).await?,
        }
        let row = Row {
            #[cfg(any())]
            cells: no_such_function(ctx).await?,
            #[cfg(not(any()))]
            cells: vec![look(ctx, 1).await?],
            ..Row::default()
        };
        let _ = look(ctx, row.cells[0]).await?;
        _ = look(ctx, 1).await;
        let n;
        n = look(ctx, 1).await?;
        const { assert!(usize::BITS > 0) };
        { look(ctx, n).await?; };
        if look(ctx, n).await? > 1 {
            self.n = n;
        }
        return match look(ctx, 1).await { Ok(_) => Ok(()), Err(error) => Err(error) };
    }
}

fn main() {}
