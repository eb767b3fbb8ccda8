//! What people are found by follows their accounts.

use contract::ids::AccountId;
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

store::statements! {
    FOUND_BY = "
        select name_key || '|' || name_sort || '|' || email_key || '|' || coalesce(last_active_at, 0)
            as found_by
        from memberships
        where account_id = $1";
    CHANGE = "
        update accounts
        set name_key = 'ann lee new@uni.edu', email_key = 'new@uni.edu', last_active_at = 7,
            changed_at = $2
        where id = $1";
}

impl House {
    async fn found_by(&self, account: AccountId) -> String {
        let mut reader = self.db.read().await.unwrap();
        let row = FOUND_BY.bind(account).fetch_one(&mut reader).await;
        row.unwrap().get("found_by").unwrap()
    }
}

#[rstest]
#[actix_rt::test]
async fn a_changed_account_is_found_by_what_it_is_now(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let link = house.link(house.plan(2).await, None).await;
    let (ann, bob) = (
        house.person("ann@uni.edu").await,
        house.person("bob@uni.edu").await,
    );
    for account in [ann, bob] {
        house.admit(account, link).await.unwrap();
    }
    assert_eq!(house.found_by(ann).await, "ann lee|ann lee|ann@uni.edu|0");

    let stamp = house.public().stamp(&*house.clock);
    let mut tx = house.db.write(&stamp).await.unwrap();
    let change = CHANGE.bind(ann).bind(stamp.now);
    change.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    house.sweep().await;
    let now = "ann lee new@uni.edu|ann lee new@uni.edu|new@uni.edu|7";
    assert_eq!(house.found_by(ann).await, now);
    assert_eq!(house.found_by(bob).await, "ann lee|ann lee|bob@uni.edu|0");
    house.close().await;
}
